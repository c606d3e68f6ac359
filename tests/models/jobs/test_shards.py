"""Shards: each goes to one worker at a time, and comes back when that one fails."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import create_autospec

import pytest
from sqlalchemy import update

from models import store
from models.accounts.keys import Owner
from models.errors import LostLease
from models.jobs import dispatch, jobs, leases
from models.jobs.jobs import Results
from models.jobs.leases import Claim
from models.jobs.states import ShardKind
from models.tables import shards as table
from producer.accept import Upload, accept
from producer.intake.layouts import COUNT
from producer.job_options import Options
from producer.signals import wakeups
from tests.owners import new_owner
from workers.shards import failed_attempts

HINT = (0, 0)


@pytest.fixture(autouse=True)
def nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "send_task", create_autospec(wakeups.send_task, return_value=True))


def test_eight_claimers_never_get_the_same_shard(owner: Owner) -> None:
    total = 64
    job_of(owner, total)
    with ThreadPoolExecutor(8) as threads:
        taken = [key for keys in threads.map(lambda _: list(claim_all()), range(8)) for key in keys]
    assert Counter(taken).most_common(1)[0][1] == 1
    assert len(taken) == total


def test_claiming_sending_and_recording_at_once_never_deadlock(owner: Owner) -> None:
    job = job_of(owner, 96)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: settle_all(job), range(8)))
    with store.read() as db:
        assert jobs.get(db, job).created == 96  # type: ignore[union-attr]


def test_two_workspaces_are_served_in_turn(owner: Owner) -> None:
    first, second = job_of(owner, 20), job_of(new_owner("other"), 20)
    order = [job for job, _ in claim_all()]
    assert order.count(first) == order.count(second) == 20
    assert order[:20].count(second) == 10


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_only_a_claim_does_not_wait_for_the_disk(owner: Owner) -> None:
    job_of(owner, 1)
    with store.write() as db:
        found = leases.claim(db, ShardKind.CREATE, wakeups.BULK, HINT)
        assert found
        assert waits_for_the_disk(db) == "off"
    with store.write() as db:
        leases.finish(db, found)
        jobs.conclude(db, found.job_id, found.run, Results(created=1))
        assert waits_for_the_disk(db) == "on"


def waits_for_the_disk(db: store.Connection) -> str:
    return str(db.exec_driver_sql("SHOW synchronous_commit").scalar_one())


def test_a_worker_without_the_token_settles_nothing(owner: Owner) -> None:
    job_of(owner, 1)
    old = claim()
    expire(old)
    failed_attempts.give_up(old)
    new = claim()
    with pytest.raises(LostLease), store.write() as db:
        leases.finish(db, old)
    with store.write() as db:
        leases.finish(db, new)


def test_leases_double_with_each_attempt(owner: Owner) -> None:
    job_of(owner, 1)
    lasts = []
    for _ in range(leases.MAX_ATTEMPTS):
        last = claim()
        with store.read() as db:
            lasts.append(db.execute(table.select()).one().leased_until - db.execute(table.select()).one().sent_at)
        failed_attempts.give_up(last)
        with store.write() as db:
            dispatch.mark_due(db, last.job_id, 4)
    assert [round(seconds / leases.LEASE_SECONDS) for seconds in lasts] == [1, 2, 4]


def test_only_so_many_wake_ups_are_under_way_for_a_job(owner: Owner) -> None:
    job = job_of(owner, 50)
    with store.write() as db:
        assert len(dispatch.mark_due(db, job, 6)) == 5  # one was sent when the job was accepted
        assert dispatch.mark_due(db, job, 6) == []


def test_wake_ups_that_the_broker_lost_are_sent_again(owner: Owner) -> None:
    job = job_of(owner, 50)
    with store.write() as db:
        dispatch.mark_due(db, job, wakeups.max_wake_ups())
        db.execute(update(table).where(table.c.sent_at.is_not(None)).values(sent_at=table.c.sent_at - 6, sends=5))
        assert dispatch.mark_due(db, job, wakeups.max_wake_ups()) == []
        assert (
            dispatch.reset_lost(db, wakeups.BULK) + dispatch.reset_lost(db, wakeups.INTERACTIVE)
            == wakeups.max_wake_ups()
        )
        assert len(dispatch.mark_due(db, job, wakeups.max_wake_ups())) == wakeups.max_wake_ups()


def job_of(owner: Owner, count: int) -> int:
    """A job of so many shards of one row each."""
    upload = Upload(COUNT, COUNT, [b'{"url":"https://example.com/"}'], count)
    job = accept(upload, owner, Options)
    with store.write() as db:
        one = db.execute(table.select().where(table.c.job_id == job)).one()._mapping
        more = [{**one, "first_index": at, "rows": 1, "sent_at": None, "sends": 0} for at in range(1, count)]
        if more:
            db.execute(table.insert(), more)
        db.execute(update(table).where(table.c.job_id == job).values(rows=1, queue=wakeups.BULK))
    return job


def claim() -> Claim:
    with store.write() as db:
        found = leases.claim(db, ShardKind.CREATE, wakeups.BULK, HINT)
    assert found
    return found


def claim_all() -> Iterator[tuple[int, int]]:
    while True:
        with store.write() as db:
            found = leases.claim(db, ShardKind.CREATE, wakeups.BULK, HINT)
        if not found:
            return
        yield found.job_id, found.first_index


def settle_all(job: int) -> None:
    while True:
        with store.write() as db:
            found = leases.claim(db, ShardKind.CREATE, wakeups.BULK, HINT)
        if not found:
            return
        with store.write() as db:
            leases.finish(db, found)
            jobs.record(db, job, Results(created=1, failures={"SLUG_TAKEN": 1, "INVALID_URL": 1}))
            jobs.finish(db, job, found.run)
            dispatch.mark_due(db, job, 8)


def expire(claim: Claim) -> None:
    with store.write() as db:
        db.execute(update(table).where(leases.HAS_TOKEN).values(leased_until=0), leases.token_of(claim))
