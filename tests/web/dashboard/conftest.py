"""People who are signed in."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from models.accounts.keys import Owner
from producer.resources import keys
from tests.shared_app import shared_app
from tests.system import System
from tests.web import commands
from tests.web.dashboard.browsing import Visit, visiting
from tests.web.dashboard.filling import form


@pytest.fixture(scope="session")
def system(system: System) -> Iterator[System]:
    """The shared one, as somebody sees it who has a workspace of their own: nothing in it is in another test's way."""
    key = commands.new_key(system, "--workspace", "pages", "--plan", "enterprise")
    with commands.client(system, key) as client:
        yield replace(system, client=client, key=key)


@pytest.fixture
def client(owner: Owner) -> Iterator[FlaskClient]:
    """A signed-in browser without scripts, in the test's own process."""
    token = keys.create_key(owner, "browser")["token"]
    with shared_app().test_client() as client:
        signed_in = client.post("/app/sign-in", data=form(client, "sign-in", token=token))
        assert signed_in.status_code == 303
        yield client


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
