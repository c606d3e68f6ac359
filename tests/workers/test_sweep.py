"""The sweep: what a lost message, a dead worker or a broker that restarted left behind goes on."""

from typing import Any

import pytest
from redis.exceptions import ConnectionError
from sqlalchemy import select, update

from models import store
from models.accounts.keys import Owner
from models.jobs import leases
from models.jobs.jobs import Results
from models.states import JobStatus, ShardKind, ShardState
from models.tables import jobs, shards
from producer import completion
from producer.signals import counters, queues, wakeups
from producer.unit_of_work import unit_of_work
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.work import work_off
from workers import sweep
from workers.chores import clicks

ROWS = "url\nhttps://a.example/\nhttps://b.example/\n"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    monkeypatch.setattr(queues, "length", lambda queue: 1)
    monkeypatch.setattr(clicks, "has_batch", lambda: False)
    return record_steps(monkeypatch)


def shard(job_id: int) -> Any:
    with store.read() as db:
        return db.execute(select(shards).where(shards.c.job_id == job_id)).one()


def change_shards(**values: Any) -> None:
    with store.write() as db:
        db.execute(update(shards).values(values))


def test_an_idle_system_gives_it_nothing_to_do(owner: Owner, steps: Steps) -> None:
    actions = sweep.sweep()
    assert not any(actions.values())
    assert steps.is_empty()


def test_a_shard_whose_wake_up_was_never_sent_is_woken_for(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, ROWS)
    change_shards(sent_at=None, sends=0)
    steps.clear()
    assert sweep.sweep()["woken"] == 1
    assert steps.tasks == ["create"]
    assert sweep.sweep()["woken"] == 0


def test_a_wake_up_that_is_on_its_way_is_not_sent_again(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, ROWS)
    steps.clear()
    assert sweep.wake_for_stale_shards() == 0
    assert steps.tasks == []


def test_wake_ups_that_a_broker_lost_are_sent_again_at_once(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept_csv(owner, ROWS)
    change_shards(sent_at=0.0, sends=5)
    monkeypatch.setattr(queues, "length", lambda queue: 0)
    steps.clear()
    assert sweep.wake_for_stale_shards() == 1
    assert steps.tasks == ["create"]


def test_it_sends_no_more_wake_ups_than_the_broker_lacks(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(12):
        accept_csv(owner, ROWS)
    change_shards(sent_at=0.0, sends=0)
    steps.clear()
    for messages, woken in ((13, 0), (10, 3), (3, 9)):
        monkeypatch.setattr(queues, "length", lambda queue, length=messages: length)
        assert sweep.wake_for_stale_shards() == woken
    assert steps.tasks == ["create"] * 12


def test_without_a_broker_it_does_what_the_database_needs(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(queue: str) -> bool:
        raise ConnectionError

    accept_csv(owner, ROWS)
    change_shards(sent_at=None, sends=0)
    monkeypatch.setattr(queues, "length", refuse)
    assert sweep.sweep()["woken"] == 1


def test_a_shard_whose_worker_died_is_free_again(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    with store.write() as db:
        assert leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
    change_shards(leased_until=0, owner="999999999 9e12")
    assert sweep.sweep()["taken_over"] == 1
    assert (shard(job_id).state, shard(job_id).attempts) == (ShardState.QUEUED, 1)
    work_off()
    assert read_job(job_id).created == 2


def test_rows_are_not_blamed_for_a_worker_that_waited_for_the_database(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = accept_csv(owner, ROWS)
    monkeypatch.setattr(type(store.dialect()), "evict", lambda *_: True)
    for _ in range(leases.MAX_ATTEMPTS + 2):
        with store.write() as db:
            assert leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
        change_shards(leased_until=0)
        assert sweep.free_expired_leases() == 1
    assert (shard(job_id).state, shard(job_id).rows) == (ShardState.QUEUED, 2)
    work_off()
    assert (read_job(job_id).created, read_job(job_id).failed) == (2, 0)


def test_a_lease_that_has_not_expired_is_left_alone(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    with store.write() as db:
        assert leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
    assert sweep.free_expired_leases() == 0
    assert shard(job_id).state == ShardState.RUNNING


def test_a_complete_job_ends_and_its_end_is_announced_once(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    work_off()
    with store.write() as db:
        db.execute(update(jobs).values(status=JobStatus.RUNNING, finished_at=None))
    steps.clear()
    assert [sweep.finish_complete_jobs(), sweep.finish_complete_jobs()] == [1, 0]
    assert (read_job(job_id).status, steps.ends) == (JobStatus.COMPLETED, [job_id])


def test_a_webhook_that_is_due_wakes_a_worker(owner: Owner, steps: Steps) -> None:
    with unit_of_work() as unit:
        completion.plan_test(unit, 0, owner.workspace_id, "https://hooks.example/")
    steps.clear()
    assert sweep.wake_for_outside_calls() == 1
    assert steps.tasks == ["deliver"]


def test_no_more_messages_wait_than_wake_somebody(owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clicks, "has_batch", lambda: True)
    monkeypatch.setattr(queues, "length", lambda queue: sweep.MOST_WAITING)
    assert sweep.wake_for_clicks()
    assert steps.tasks == []


def test_a_batch_of_clicks_wakes_a_worker(owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clicks, "has_batch", lambda: True)
    assert sweep.wake_for_clicks()
    assert steps.tasks == ["clicks"]


def test_its_actions_are_counted(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, ROWS)
    change_shards(sent_at=None, sends=0)
    counters.pending.clear()
    sweep.sweep()
    assert counters.pending.counts[counters.field_name(counters.SWEEPS)] == 1
    assert counters.pending.counts[counters.field_name(counters.ACTIONS, "woken")] == 1


def test_it_takes_nothing_while_another_process_writes(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store.engine().dialect.name != "sqlite":
        pytest.skip("there is no lock of all writers")
    accept_csv(owner, ROWS)
    change_shards(sent_at=None, sends=0)
    monkeypatch.setattr(sweep, "PATIENCE", 0.05)
    with store.write() as db:
        db.execute(update(jobs).values(status=JobStatus.RUNNING))
        assert sweep.wake_for_stale_shards() == 0
    assert sweep.wake_for_stale_shards() == 1


def test_results_are_recorded_once_when_the_sweep_frees_a_shard_that_was_done_after_all(
    owner: Owner, steps: Steps
) -> None:
    job_id = accept_csv(owner, ROWS)
    with store.write() as db:
        claim = leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
    assert claim
    change_shards(leased_until=0, owner="999999999 9e12")
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        completion.record(unit, claim, Results(created=2))
    assert sweep.sweep()["taken_over"] == 0
    assert (read_job(job_id).created, steps.ends) == (2, [job_id])
