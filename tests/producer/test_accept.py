"""Accepting an upload: what is committed at once, what is left to workers, and what a failure leaves behind."""

import os
import stat
from typing import Any
from unittest.mock import create_autospec

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from models import settings, store
from models.accounts.keys import Owner
from models.errors import BadTarget, EmptyUpload, Invalid, NoUrlColumn
from models.states import JobStatus, ShardKind
from models.tables import jobs, shards
from producer.accept import CUT_AT_ONCE_BYTES, MOST_WAITING, Upload, accept
from producer.intake import upload_store
from producer.intake.layouts import COUNT, CSV
from producer.job_options import Options
from producer.signals import wakeups
from tests.owners import new_owner
from tests.steps import Steps, accept_csv, lose_next_answer, read_job, record_steps

ROWS = "url\nhttps://a.example/\nhttps://b.example/\n"
LARGE = "url\n" + ("https://example.com/" + "a" * 1000 + "\n") * (CUT_AT_ONCE_BYTES // 1000)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of uploads that are stored and not deleted."""
    names: list[str] = []
    save, delete = upload_store.save, upload_store.delete

    def save_and_note(*arguments: object) -> tuple[str, int]:
        name, size = save(*arguments)  # type: ignore[arg-type]
        names.append(name)
        return name, size

    def delete_and_note(name: str) -> None:
        delete(name)
        if name in names:
            names.remove(name)

    monkeypatch.setattr(upload_store, "save", save_and_note)
    monkeypatch.setattr(upload_store, "delete", delete_and_note)
    return names


def shard_rows(job_id: int) -> list[tuple[str, int, int]]:
    query = select(shards.c.kind, shards.c.rows, shards.c.sends).where(shards.c.job_id == job_id)
    with store.read() as db:
        return [(row.kind, row.rows, row.sends) for row in db.execute(query.order_by(shards.c.first_index))]


def count_jobs() -> int:
    with store.read() as db:
        return int(db.execute(select(func.count()).select_from(jobs)).scalar_one())


def test_the_upload_and_its_folder_are_on_disk_before_the_job_is_committed(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def sync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        kind = "folder" if stat.S_ISDIR(status.st_mode) else f"{status.st_size} bytes"
        order.append(kind)

    upload_store.save([b"a"], 1)  # makes the folder
    monkeypatch.setattr(os, "fsync", create_autospec(os.fsync, side_effect=sync))
    event.listen(store.engine(), "commit", lambda _: order.append("commit"))
    accept_csv(owner, ROWS)
    assert order[:3] == [f"{len(ROWS)} bytes", "folder", "commit"]
    assert set(order[3:]) <= {"commit"}


def test_an_upload_that_does_not_reach_the_disk_makes_no_job(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", create_autospec(os.fsync, side_effect=OSError("No space left on device")))
    with pytest.raises(OSError, match="No space"):
        accept_csv(owner, ROWS)
    assert (count_jobs(), steps.is_empty()) == (0, True)


def test_a_small_upload_is_committed_with_its_shard(owner: Owner, steps: Steps) -> None:
    job = read_job(accept_csv(owner, ROWS))
    assert (job.status, job.total, job.queue) == (JobStatus.QUEUED, 2, wakeups.INTERACTIVE)
    assert shard_rows(job.id) == [(ShardKind.CREATE, 2, 1)]
    assert steps.tasks == ["create"]


def test_small_jobs_of_a_workspace_with_many_that_wait_are_left_to_the_bulk_workers(owner: Owner, steps: Steps) -> None:
    queues = [read_job(accept_csv(owner, ROWS)).queue for _ in range(MOST_WAITING + 1)]
    assert queues == [wakeups.INTERACTIVE] * MOST_WAITING + [wakeups.BULK]
    assert read_job(accept_csv(new_owner("other"), ROWS)).queue == wakeups.INTERACTIVE


def test_a_large_upload_is_left_to_a_worker_to_cut(owner: Owner, steps: Steps) -> None:
    job = read_job(accept_csv(owner, LARGE))
    assert (job.total, job.queue) == (None, wakeups.BULK)
    assert shard_rows(job.id) == [(ShardKind.SPLIT, 0, 1)]
    assert steps.tasks == ["split"]


def test_one_item_that_stands_for_many_rows_has_shards_of_the_usual_size(owner: Owner, steps: Steps) -> None:
    size = store.dialect().shard_rows
    job_id = accept(Upload(COUNT, COUNT, [b'{"url":"https://example.com/"}'], 2 * size + 1), owner, Options)
    assert [rows for _, rows, _ in shard_rows(job_id)] == [size, size, 1]


def test_no_more_workers_are_woken_than_may_be_under_way(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeups, "max_wake_ups", lambda: 2)
    size = store.dialect().shard_rows
    job_id = accept(Upload(COUNT, COUNT, [b'{"url":"https://example.com/"}'], 4 * size), owner, Options)
    assert [sends for _, _, sends in shard_rows(job_id)] == [1, 1, 0, 0]
    assert steps.tasks == ["create", "create"]


def test_an_upload_that_cannot_be_read_leaves_nothing_behind(owner: Owner, steps: Steps, stored: list[str]) -> None:
    with pytest.raises(NoUrlColumn):
        accept_csv(owner, "title\nno column of URLs\n")
    assert (count_jobs(), stored, steps.is_empty()) == (0, [], True)


@pytest.mark.parametrize(
    ("filename", "options", "name"),
    [
        ("spring.csv", {}, "spring.csv"),
        ("C:\\links\\spring.csv", {}, "spring.csv"),
        ("links/spr\0ing.csv", {}, "spring.csv"),
        ("x" * 300, {}, "x" * 200),
        ("spring.csv", {"name": "Spring"}, "Spring"),
        ("", {}, None),
    ],
)
def test_a_job_is_called_as_its_file_unless_it_has_a_name(
    owner: Owner, steps: Steps, filename: str, options: dict[str, Any], name: str | None
) -> None:
    upload = Upload(CSV, CSV, [ROWS.encode()], filename=filename)
    assert read_job(accept(upload, owner, lambda: Options(**options))).name == name


def test_an_upload_without_rows_leaves_nothing_behind(owner: Owner, steps: Steps, stored: list[str]) -> None:
    with pytest.raises(EmptyUpload):
        accept_csv(owner, "url\n")
    assert (count_jobs(), stored, steps.is_empty()) == (0, [], True)


def test_wrong_options_leave_nothing_behind(owner: Owner, steps: Steps, stored: list[str]) -> None:
    with pytest.raises(Invalid):
        accept_csv(owner, ROWS, domain="nowhere.example")
    assert (count_jobs(), stored, steps.is_empty()) == (0, [], True)


def test_a_webhook_url_that_may_not_be_called_leaves_nothing_behind(
    owner: Owner, steps: Steps, stored: list[str]
) -> None:
    with pytest.raises(BadTarget):
        accept_csv(owner, ROWS, webhook_url="http://127.0.0.1/")
    assert (count_jobs(), stored) == (0, [])


def test_a_commit_that_fails_leaves_no_upload_and_announces_nothing(
    owner: Owner, steps: Steps, stored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr("models.jobs.shards.add", fail)
    with pytest.raises(ConnectionError):
        accept_csv(owner, ROWS)
    assert (stored, count_jobs(), steps.is_empty()) == ([], 0, True)


def test_a_job_whose_commit_is_not_answered_keeps_its_upload(
    owner: Owner, steps: Steps, stored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_next_answer(monkeypatch)
    with pytest.raises(OperationalError):
        accept_csv(owner, ROWS)
    assert (len(stored), count_jobs()) == (1, 1)
    with store.read() as db:
        assert db.execute(select(jobs.c.upload)).scalar_one() == stored[0]
    assert upload_store.read(stored[0], 0, len(ROWS)) == ROWS.encode()


def test_an_upload_stays_when_the_database_cannot_be_asked_for_its_job(
    owner: Owner, steps: Steps, stored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ConnectionError

    lose_next_answer(monkeypatch)
    monkeypatch.setattr("models.jobs.jobs.get", fail)
    with pytest.raises(OperationalError):
        accept_csv(owner, ROWS)
    assert len(stored) == 1


def test_a_step_that_fails_after_the_commit_takes_no_upload_away(
    owner: Owner, steps: Steps, stored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError

    monkeypatch.setattr(wakeups, "send_task", fail)
    job = read_job(accept_csv(owner, ROWS))
    assert stored == [job.upload]


def test_options_that_stand_behind_the_file_are_read_after_it(owner: Owner, steps: Steps) -> None:
    order: list[str] = []

    def chunks() -> object:
        order.append("file")
        yield ROWS.encode()

    def read_options() -> Options:
        order.append("options")
        return Options()

    accept(Upload(CSV, CSV, chunks()), owner, read_options)  # type: ignore[arg-type]
    assert order == ["file", "options"]


def test_an_upload_beyond_the_limit_is_refused_and_deleted(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "10")
    settings.get.cache_clear()
    with pytest.raises(Exception, match="10"):
        accept_csv(owner, ROWS)
    assert count_jobs() == 0


def test_the_slug_length_is_stored_for_workers(owner: Owner, steps: Steps) -> None:
    assert read_job(accept_csv(owner, ROWS, slug_length=5)).options["slug_length"] == 5
