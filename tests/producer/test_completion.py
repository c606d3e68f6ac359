"""A job's end: decided once, announced once, and reported to those webhooks that ask for it."""

import json

import pytest
from sqlalchemy import select

from models import store
from models.accounts.keys import Owner
from models.jobs import jobs, leases
from models.jobs.jobs import Results
from models.jobs.leases import Claim
from models.states import JobStatus, ShardKind
from models.tables import deliveries
from producer import completion, outside
from producer.completion import LARGEST_BODY, webhook_body
from producer.signals import counters, wakeups
from producer.unit_of_work import unit_of_work
from tests.steps import Steps, accept_csv, read_job, record_steps

ROWS = "url\nhttps://a.example/\nhttps://b.example/\n"
HOOK = "https://hooks.example/done"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    monkeypatch.setattr(outside, "check", lambda *_: None)
    return record_steps(monkeypatch)


def claim_shard() -> Claim:
    with store.write() as db:
        claim = leases.claim(db, ShardKind.CREATE, wakeups.INTERACTIVE, (0, 0))
    assert claim
    return claim


def record(claim: Claim, results: Results) -> None:
    with unit_of_work() as unit:
        leases.finish(unit.db, claim)
        completion.record(unit, claim, results)


def planned(job_id: int) -> list[tuple[str, str]]:
    with store.read() as db:
        rows = db.execute(select(deliveries).where(deliveries.c.job_id == job_id)).all()
    return [(row.type, row.url) for row in rows]


def test_the_last_shard_ends_its_job_and_announces_it_once(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    steps.clear()
    record(claim_shard(), Results(created=2))
    assert (read_job(job_id).status, steps.ends, steps.progress) == (JobStatus.COMPLETED, [job_id], [])
    with unit_of_work() as unit:
        assert not completion.finish(unit, job_id, 1)
    assert steps.ends == [job_id]


def test_a_shard_that_is_not_the_last_publishes_progress(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    steps.clear()
    record(claim_shard(), Results(created=1))
    assert (read_job(job_id).status, steps.ends, steps.progress) == (JobStatus.RUNNING, [], [job_id])


def test_a_rollback_announces_no_end(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    steps.clear()
    claim = claim_shard()

    def record_and_fail() -> None:
        with unit_of_work() as unit:
            leases.finish(unit.db, claim)
            completion.record(unit, claim, Results(created=2))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_fail()
    assert steps.is_empty()
    assert read_job(job_id).status == JobStatus.RUNNING
    record(claim, Results(created=2))
    assert steps.ends == [job_id]


def test_an_end_is_counted_by_kind_status_and_outcome(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, ROWS)
    record(claim_shard(), Results(created=1, failures={"INVALID_URL": 1}))
    assert steps.counters == [counters.field_name(counters.JOBS, "create", "completed", "partial")]


def test_items_are_counted_by_status(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, ROWS)
    counters.pending.clear()
    record(claim_shard(), Results(created=1, failures={"INVALID_URL": 1}))
    counts = counters.pending.counts
    assert counts[counters.field_name(counters.ITEMS, "create", "created")] == 1
    assert counts[counters.field_name(counters.ITEMS, "create", "failed")] == 1
    assert counters.field_name(counters.ITEMS, "create", "deleted") not in counts


def test_the_jobs_own_url_gets_a_delivery_in_the_same_transaction(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS, webhook_url=HOOK)
    steps.clear()
    record(claim_shard(), Results(created=2))
    assert planned(job_id) == [("job.completed", HOOK)]
    assert steps.tasks == ["deliver"]


def test_an_unreadable_upload_fails_its_job_with_a_reason(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS, webhook_url=HOOK)
    steps.clear()
    with unit_of_work() as unit:
        completion.fail(unit, job_id, 1, "It is not a list of URLs.")
        completion.fail(unit, job_id, 1, "Again.")
    job = read_job(job_id)
    assert (job.status, job.detail) == (JobStatus.FAILED, "It is not a list of URLs.")
    assert (steps.ends, planned(job_id)) == ([job_id], [("job.failed", HOOK)])


def test_the_end_of_an_earlier_run_is_not_the_jobs_end(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    with unit_of_work() as unit:
        jobs.conclude(unit.db, job_id, 2, Results(created=2))
        assert not completion.finish(unit, job_id, 2)
        assert completion.finish(unit, job_id, 1)


def test_a_test_event_is_planned_and_sent(owner: Owner, steps: Steps) -> None:
    with unit_of_work() as unit:
        delivery = completion.plan_test(unit, 5, owner.workspace_id, HOOK)
    assert (delivery.url, json.loads(delivery.body)["type"]) == (HOOK, "webhook.test")
    assert steps.tasks == ["deliver"]


def test_a_large_body_leaves_out_what_the_client_chose() -> None:
    data = {"id": "1", "metadata": {"a": "x" * LARGEST_BODY}, "mapping": {}}
    body = json.loads(webhook_body("job.completed", data))["data"]
    assert body == {"id": "1", "metadata": {}, "mapping": None, "cut": True}
    small = json.loads(webhook_body("job.completed", data | {"metadata": {"a": 1}}))["data"]
    assert (small["metadata"], "cut" in small) == ({"a": 1}, False)
