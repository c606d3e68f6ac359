"""A full disk: 507 in every shape, nothing half done, and back to work when there is room."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from models import settings, store
from models.accounts import keys
from models.accounts.keys import Owner
from models.tables import jobs, shards
from tests.fixtures.fake_redis import FakeRedis
from tests.shared_app import shared_app
from web import vendors
from web.vendors.vendor import JobCall, Vendor

FillDisk = Callable[[pytest.MonkeyPatch], AbstractContextManager[None]]

LINKS = {"links": [{"url": "https://a.example"}]}
MOST_CALLS = 300  # until no page of a full SQLite file has room for a row
FULL_TRIGGERS = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON jobs EXECUTE FUNCTION no_room();
"""
NO_TRIGGERS = "DROP FUNCTION no_room() CASCADE"


@pytest.fixture
def app(owner: Owner, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application, whose calls do not wait for workers."""
    monkeypatch.setenv("SYNC_WAIT_SECONDS", "0")
    settings.get.cache_clear()
    return shared_app()


@pytest.fixture
def key(owner: Owner) -> dict[str, Any]:
    with store.write() as db:
        return keys.create(db, "full", "enterprise", "key", list(keys.Scope))


@contextmanager
def full_uploads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every upload is written to a device that is always full."""
    folder = Path(settings.get().uploads_url)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "full"

    def name(length: int) -> str:
        path.symlink_to("/dev/full")
        return path.name

    with monkeypatch.context() as patch:
        patch.setattr("producer.intake.upload_store.secrets.token_hex", name)
        yield
    assert not path.is_symlink(), "nothing is left of an upload"


@contextmanager
def full_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SQLite may not add a page to its file. PostgreSQL reports what it does when it cannot extend one."""
    if store.engine().dialect.name == "sqlite":
        store.engine().dispose()
        event.listen(store.engine(), "connect", _forbid_new_pages)
        yield
        event.remove(store.engine(), "connect", _forbid_new_pages)
        store.engine().dispose()
        return
    with store.write() as db:
        db.exec_driver_sql(FULL_TRIGGERS)
    yield
    with store.write() as db:
        db.exec_driver_sql(NO_TRIGGERS)


def _forbid_new_pages(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA max_page_count = 1")  # SQLite raises it to the present number


def post_native(client: FlaskClient, key: dict[str, Any], path: str = "/api/jobs") -> TestResponse:
    body = LINKS | {"metadata": {"text": "x" * 4000}}
    return client.post(path, json=body, headers={"Authorization": f"Bearer {key['token']}"})


def post_as_vendor(client: FlaskClient, key: dict[str, Any], vendor: Vendor, call: JobCall) -> TestResponse:
    """Send a documented request on the default domain, with the key where this vendor's clients put it."""
    if not call.has_body:
        return client.open(
            call.path, method=call.methods[0], query_string={"linkIds": "x"}, headers=headers_of(vendor, key)
        )
    body = next(iter(call.examples["request"].values()))
    if "domainId" in body:
        body = body | {"domainId": key["domain_id"]}
    return client.open(call.path, method=call.methods[0], json=body, headers=headers_of(vendor, key))


def headers_of(vendor: Vendor, key: dict[str, Any]) -> dict[str, str]:
    headers = {"Prefer": "respond-async", "apikey": key["token"]}
    headers["X-URL-SHORTIFY-CONSUMER-KEY"] = key["consumer_key"]
    headers["X-URL-SHORTIFY-CONSUMER-SECRET"] = key["consumer_secret"]
    if vendor.name == "short_io":
        return headers | {"Authorization": key["token"]}
    return headers | {"Authorization": f"Bearer {key['token']}"}


def until_refused(post: Callable[[], TestResponse]) -> TestResponse:
    """Repeat a request while there is still room for it."""
    for _ in range(MOST_CALLS):
        answer = post()
        if answer.status_code != 202:
            break
    return answer


def jobs_and_uploads() -> tuple[int, int, int]:
    with store.read() as db:
        job_count = db.execute(select(func.count()).select_from(jobs)).scalar_one()
        shard_count = db.execute(select(func.count()).select_from(shards)).scalar_one()
    return job_count, shard_count, len(list(Path(settings.get().uploads_url).glob("*")))


@pytest.mark.parametrize("fill_disk", [full_uploads, full_store])
def test_our_own_api_answers_507_and_nothing_is_half_done(
    app: Flask, key: dict[str, Any], fill_disk: FillDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    with fill_disk(monkeypatch):
        answer = until_refused(lambda: post_native(client, key))
        assert (answer.status_code, answer.json and answer.json["code"]) == (507, "STORAGE_FULL")
        assert answer.content_type == "application/problem+json"
        assert len(set(jobs_and_uploads())) == 1, "each job has its shard and its upload"
    assert post_native(client, key).status_code == 202, "there is room again"
    assert len(set(jobs_and_uploads())) == 1


@pytest.mark.parametrize("fill_disk", [full_uploads, full_store])
def test_every_vendor_answers_507_in_its_own_shape(
    app: Flask, key: dict[str, Any], fill_disk: FillDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    with fill_disk(monkeypatch):
        until_refused(lambda: post_native(client, key))
        for vendor in vendors.VENDORS:
            for call in vendor.calls:
                answer = until_refused(lambda: post_as_vendor(client, key, vendor, call))  # noqa: B023 - called here
                assert answer.status_code == 507, (call.path, answer.text)
                assert answer.content_type == "application/json"
                assert "no room" in answer.text
        assert len(set(jobs_and_uploads())) == 1


@pytest.mark.parametrize("number", [ENOSPC, EDQUOT])
def test_a_page_of_the_dashboard_says_so_too(app: Flask, number: int) -> None:
    with app.test_request_context("/app/jobs", method="POST"):
        app.preprocess_request()
        answer = app.make_response(app.handle_user_exception(OSError(number, "no room")))
    assert (answer.status_code, answer.mimetype) == (507, "text/html")
    assert "There is no room left" in answer.get_data(as_text=True)


def test_another_error_of_the_system_is_no_full_disk(app: Flask) -> None:
    with app.test_request_context("/api/jobs"):
        answer = app.make_response(app.handle_user_exception(OSError(5, "Input/output error")))
    assert answer.status_code == 500
