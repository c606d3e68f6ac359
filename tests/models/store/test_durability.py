"""A commit is on disk before anybody sees it, unless what it records can be done again."""

import pytest
from sqlalchemy import event

from models import store
from models.accounts.keys import Owner
from models.states import JobStatus, ShardKind
from producer.signals import wakeups
from tests.steps import accept_csv, read_job, record_steps
from tests.work import work, work_off

FULL = "2"
NORMAL = "1"
WAITS = {"sqlite": {True: FULL, False: NORMAL}, "postgresql": {True: "on", False: "off"}}
QUESTIONS = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}


def waits_for_the_disk(db: store.Connection) -> bool:
    """Ask a transaction whether its commit waits for the disk."""
    answers = WAITS[db.dialect.name]
    answer = str(db.exec_driver_sql(QUESTIONS[db.dialect.name]).scalar_one())
    assert answer in answers.values()
    return answer == answers[True]


def test_a_commit_waits_for_the_disk_unless_it_need_not(owner: Owner) -> None:
    with store.write() as db:
        assert waits_for_the_disk(db)
    with store.write(durable=False) as db:
        assert not waits_for_the_disk(db)
    with store.write() as db:  # on the same connection
        assert waits_for_the_disk(db)


@pytest.fixture
def waits(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each commit waited for the disk."""
    record_steps(monkeypatch)
    found: list[bool] = []

    def look(db: store.Connection) -> None:
        if db.get_execution_options().get("write"):
            found.append(waits_for_the_disk(db))

    event.listen(store.engine(), "commit", look)
    return found


def test_a_claim_and_a_reservation_of_slugs_do_not_wait(owner: Owner, waits: list[bool]) -> None:
    accept_csv(owner, "url\nhttps://a.example/\n")
    assert set(waits) == {True}
    waits.clear()
    work(ShardKind.CREATE)
    assert waits == [False, False, True]
    waits.clear()
    work_off(ShardKind.CREATE)  # finds nothing
    assert waits == [False]


def test_of_a_large_job_only_the_end_waits(owner: Owner, waits: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(store.dialect()), "shard_rows", 1)
    monkeypatch.setattr(wakeups, "INTERACTIVE_ROWS", 1)
    job_id = accept_csv(owner, "url\nhttps://a.example/\nhttps://b.example/\n")
    for shard_waits in ([False, False, False], [False, False, True]):
        waits.clear()
        work(ShardKind.CREATE, wakeups.BULK)
        assert waits == shard_waits
    assert read_job(job_id).status == JobStatus.COMPLETED
