"""A visitor of short links in this process, a browser for pages, and people with things that are theirs alone."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, sync_playwright

from models import settings, store
from models.accounts import keys
from models.accounts.keys import Owner
from producer.visits import click_buffer
from tests.shared_app import shared_app
from tests.system import System
from tests.web.commands import client, new_key
from tests.web.dashboard.browsing import FLAGS, NAMES
from tests.web.foreign import MAKERS


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> click_buffer.ClickBuffer:
    """Clicks that stay in this process."""
    kept = click_buffer.ClickBuffer()
    kept.is_flushing = True
    monkeypatch.setattr(click_buffer, "buffer", kept)
    return kept


@pytest.fixture
def visitor(owner: Owner, counted: click_buffer.ClickBuffer) -> Iterator[FlaskClient]:
    with shared_app().test_client() as client:
        yield client


@pytest.fixture
def api_client(owner: Owner) -> FlaskClient:
    """Somebody who calls the API in this process, with a key of the owner's workspace."""
    with store.write() as db:
        token = keys.add(db, owner.workspace_id, "client", list(keys.Scope))["token"]
    client = shared_app().test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


@pytest.fixture
def impatient_client(api_client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The same, where vendor endpoints do not wait for their jobs; a job ends when the test works on it."""
    monkeypatch.setenv("SYNC_WAIT_SECONDS", "0")
    settings.get.cache_clear()
    return api_client


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


@pytest.fixture(scope="session")
def tenant(system: System) -> Iterator[System]:
    """Somebody whose workspace is theirs alone: what lies in it is in no other test's way."""
    key = new_key(system, "--workspace", "owners", "--plan", "enterprise")
    with client(system, key) as found:
        yield replace(system, client=found, key=key)


@pytest.fixture(scope="session")
def tenant_ids(tenant: System) -> dict[str, str]:
    """A thing of each kind, theirs."""
    return {name: make(tenant) for name, make in MAKERS.items()}
