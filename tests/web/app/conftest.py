"""A browser for all page tests, and people who are signed in."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.ground import System
from tests.web.app.browsing import FLAGS, Visit, visiting

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing = "no Chromium on this machine: the tests of the dashboard's pages in a browser are left out"
        (pytest.fail if os.environ.get("CHROMIUM_REQUIRED") == "1" else pytest.skip)(missing)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def stranger(browser: Browser, system: System) -> Iterator[Visit]:
    """Somebody who is not signed in."""
    with visiting(browser, system) as visit:
        yield visit


@pytest.fixture
def visit(browser: Browser, system: System) -> Iterator[Visit]:
    """Somebody who is signed in with the first key, and whose browser has nothing to complain of in the end."""
    with visiting(browser, system) as visit:
        visit.sign_in(system.key["token"])
        yield visit


@pytest.fixture
def without_scripts(browser: Browser, system: System) -> Iterator[Visit]:
    """The same, in a browser that runs no scripts."""
    with visiting(browser, system, java_script_enabled=False) as visit:
        visit.sign_in(system.key["token"])
        yield visit
