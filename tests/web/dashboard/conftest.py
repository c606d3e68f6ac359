"""People who are signed in."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from tests.system import System
from tests.web.commands import client, new_key
from tests.web.dashboard.browsing import Visit, visiting


@pytest.fixture(scope="session")
def system(system: System) -> Iterator[System]:
    """The shared one as somebody with a workspace of his own sees it: what he leaves there is in nobody's way."""
    key = new_key(system, "--workspace", "pages", "--plan", "enterprise")
    with client(system, key) as his:
        yield replace(system, client=his, key=key)


@pytest.fixture
def stranger(browser: Browser, system: System) -> Iterator[Visit]:
    """Somebody who is not signed in."""
    with visiting(browser, system) as visit:
        yield visit


@pytest.fixture
def visit(browser: Browser, system: System) -> Iterator[Visit]:
    """Somebody who is signed in and whose browser has nothing to complain of in the end."""
    with visiting(browser, system) as visit:
        visit.sign_in(system.key["token"])
        yield visit


@pytest.fixture
def without_scripts(browser: Browser, system: System) -> Iterator[Visit]:
    """The same, in a browser that runs no scripts."""
    with visiting(browser, system, java_script_enabled=False) as visit:
        visit.sign_in(system.key["token"])
        yield visit
