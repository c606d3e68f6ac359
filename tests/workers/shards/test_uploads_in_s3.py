"""Uploads in a store that speaks S3, while it answers and while it does not."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models import settings, store
from models.accounts import keys
from models.accounts.keys import Owner
from models.errors import Unavailable, Unreadable
from models.jobs import leases
from models.states import ShardKind, ShardState
from models.tables import shards
from producer.accept import Upload, accept
from producer.intake import object_store as s3
from producer.intake import upload_store
from producer.intake.layouts import CSV
from producer.job_options import Options
from producer.moving import installation
from producer.signals import wakeups
from tests.object_store import ObjectStore, running_object_store
from tests.shared_app import shared_app
from workers.shards import attempts, failed_attempts

LONGEST_SECONDS = 5.0
PATIENCE_SECONDS = 0.5  # of most tests here, in place of ANSWER_SECONDS
LARGE = 12 << 20  # several parts
ROWS = b"url\nhttps://example.com/1\nhttps://example.com/2\n"

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("owner", ["sqlite"], indirect=True)]


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with running_object_store() as object_store:
        yield object_store


@pytest.fixture(autouse=True)
def object_store(server: ObjectStore, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    settings.get.cache_clear()
    upload_store._store.cache_clear()
    upload_store.create()
    return server


def test_uploads_of_every_size_are_read_in_parts_and_deleted() -> None:
    for content in (b"abc", b"x" * LARGE + b"end"):
        name, size = upload_store.save([content], LARGE + 3)
        assert size == len(content)
        assert upload_store.read(name, size - 2, 10) == content[-2:]
        upload_store.delete(name)
        with pytest.raises(Unreadable):
            upload_store.read(name, 0, 1)


@pytest.mark.parametrize(
    "call",
    [
        upload_store.check,
        lambda: upload_store.save([b"x" * LARGE], LARGE),
        lambda: upload_store.read("0" * 32, 0, 1),
        lambda: upload_store.delete("0" * 32),
    ],
    ids=["check", "save", "read", "delete"],
)
def test_a_store_that_does_not_answer_costs_seconds(
    object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch, call: Callable[[], object]
) -> None:
    upload_store.check()
    monkeypatch.setattr(s3, "ANSWER_SECONDS", PATIENCE_SECONDS)
    started = time.monotonic()
    with object_store.frozen(), pytest.raises(Unavailable):
        call()
    assert time.monotonic() - started < LONGEST_SECONDS - s3.CONNECT_SECONDS


def test_a_shard_whose_upload_cannot_be_read_is_tried_again_and_not_blamed(
    object_store: ObjectStore, owner: Owner
) -> None:
    accept(Upload(CSV, CSV, [ROWS]), owner, Options)
    with object_store.frozen(), pytest.raises(Unavailable):
        create_once()
    with store.read() as db:
        shard = db.execute(shards.select()).one()
    assert (shard.state, shard.attempts) == (ShardState.QUEUED, 0)
    assert create_once()["created"] == 2


def test_no_row_fails_however_often_the_store_was_away(
    object_store: ObjectStore, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_attempts, "PAUSES", (0.0,))
    accept(Upload(CSV, CSV, [ROWS]), owner, Options)
    monkeypatch.setattr(s3, "ANSWER_SECONDS", PATIENCE_SECONDS)
    with object_store.frozen():
        for _ in range(leases.MAX_ATTEMPTS + 1):
            with pytest.raises(Unavailable):
                create_once()
    assert create_once()["created"] == 2


def create_once() -> dict[str, object]:
    return attempts.work_on_next(ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))


def test_an_upload_is_refused_with_a_time_to_try_again(object_store: ObjectStore, owner: Owner) -> None:
    client = shared_app().test_client()
    with store.write() as db:
        token = keys.create(db, "default", None, "test", ["write"])["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    started = time.monotonic()
    with object_store.frozen():
        answer = client.post("/api/jobs", data=ROWS, headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) > 0
    assert time.monotonic() - started < LONGEST_SECONDS
    assert client.post("/api/jobs", data=ROWS, headers=headers).status_code == 202


def test_a_backup_brings_uploads_to_a_folder_and_a_copy_to_another_prefix(
    owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(Upload(CSV, CSV, [ROWS]), owner, Options)
    installation.back_up(tmp_path / "backup", print)
    (upload,) = (tmp_path / "backup" / installation.UPLOADS).iterdir()
    assert upload.read_bytes() == ROWS
    elsewhere = "s3://linkmill-test/elsewhere"
    installation.copy(f"sqlite:///{tmp_path}/copy.db", elsewhere, print)
    monkeypatch.setenv("UPLOADS_URL", elsewhere)
    settings.get.cache_clear()
    upload_store._store.cache_clear()
    assert upload_store.read(upload.name, 0, len(ROWS)) == ROWS
