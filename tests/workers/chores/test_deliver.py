"""Webhooks: what is sent, how it is signed, and when it is tried again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from standardwebhooks import Webhook

from models import store
from models.accounts.keys import Owner
from models.jobs import jobs
from models.states import ShardKind
from models.tables import deliveries as table
from models.tables import endpoints as endpoint_table
from models.tables import workspaces
from models.webhooks import deliveries, endpoints
from models.webhooks.deliveries import DeliveryAttempt, DeliveryStatus
from producer import control
from producer.accept import Upload, accept
from producer.intake.layouts import NDJSON
from producer.job_options import Options
from producer.signals import wakeups
from tests.work import work
from tests.workers.chores.receiver import Receiver, receiving
from workers.chores import deliver
from workers.shards import attempts

EVENTS = ["job.completed", "job.failed"]
A_DAY = 86_400


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("ALLOW_PRIVATE_TARGETS", "1")
    with receiving() as started:
        yield started


def run_job(owner: Owner, **options: Any) -> int:
    """A job of one link, worked off in this process."""
    job_id = accept(Upload("json", NDJSON, [b'{"url": "https://example.com/"}\n']), owner, lambda: Options(**options))
    attempts.work_on_next(ShardKind.CREATE, "interactive", (job_id, 0))
    return job_id


def find(job_id: int) -> jobs.Job:
    with store.read() as db:
        row = jobs.get(db, job_id)
    assert row
    return row


def only(job_id: int) -> deliveries.Delivery:
    with store.read() as db:
        (row,) = deliveries.of_job(db, job_id)
    return row


def subscribe(owner: Owner, url: str) -> endpoints.Endpoint:
    with store.write() as db:
        return endpoints.add(db, owner.workspace_id, url, EVENTS)


def turn_clock_to(delivery_id: int) -> None:
    """Makes a delivery due now, as if its wait were over."""
    with store.write() as db:
        db.execute(update(table).where(table.c.id == delivery_id).values(next_at=1.0))


def wait_of(row: deliveries.Delivery) -> float:
    """In how many seconds the next attempt is due, by the database's clock."""
    with store.read() as db:
        return float(
            db.execute(select(table.c.next_at - store.dialect().clock()).where(table.c.id == row.id)).scalar_one()
        )


def test_a_jobs_own_url_is_called_and_signed_with_the_workspaces_secret(receiver: Receiver, owner: Owner) -> None:
    job_id = run_job(owner, webhook_url=f"{receiver.url}/hook", metadata={"campaign": "spring"})
    assert deliver.deliver()["status"] == "delivered"
    (call,) = receiver.calls
    with store.read() as db:
        (secret,) = endpoints.signing_secrets(db, 0, owner.workspace_id)
    event = Webhook(secret).verify(call.body, call.headers)
    assert (event["type"], event["data"]["id"], event["data"]["status"]) == ("job.completed", str(job_id), "completed")
    assert event["data"]["metadata"] == {"campaign": "spring"}
    assert call.headers["content-type"] == "application/json"
    assert deliver.deliver() == {"idle": True}


def test_a_job_that_is_cancelled_tells_so_and_its_retry_has_an_id_of_its_own(receiver: Receiver, owner: Owner) -> None:
    rows = Upload("json", NDJSON, [b'{"url": "https://example.com/"}\n'])
    job_id = accept(rows, owner, lambda: Options(webhook_url=f"{receiver.url}/hook"))
    control.cancel(find(job_id))
    assert deliver.deliver()["status"] == "delivered"
    control.retry(find(job_id))
    attempts.work_on_next(ShardKind.CREATE, "interactive", (job_id, 0))
    assert deliver.deliver()["status"] == "delivered"
    first, second = (json.loads(call.body) for call in receiver.calls)
    assert (first["type"], first["data"]["counts"]["unprocessed"], first["data"]["run"]) == ("job.cancelled", 1, 1)
    assert (second["type"], second["data"]["counts"]["created"], second["data"]["run"]) == ("job.completed", 1, 2)
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 2


def test_endpoints_hear_what_they_subscribed_to(receiver: Receiver, owner: Owner) -> None:
    heard = subscribe(owner, f"{receiver.url}/all")
    with store.write() as db:
        endpoints.add(db, owner.workspace_id, f"{receiver.url}/failures", ["job.failed"])
    run_job(owner)
    assert deliver.deliver()["status"] == "delivered"
    assert deliver.deliver() == {"idle": True}
    (call,) = receiver.calls
    assert call.path == "/all"
    assert Webhook(heard.secret).verify(call.body, call.headers)["type"] == "job.completed"


def test_an_upload_that_cannot_be_read_is_told_of(receiver: Receiver, owner: Owner) -> None:
    upload = Upload("csv", "csv", [b"url\n", b"x" * (5 << 20)])
    job_id = accept(upload, owner, lambda: Options(webhook_url=receiver.url))
    work(ShardKind.SPLIT, wakeups.BULK)
    assert deliver.deliver()["status"] == "delivered"
    assert b"job.failed" in receiver.calls[0].body
    assert only(job_id).type == "job.failed"


def test_the_schedule_is_kept_under_one_id(receiver: Receiver, owner: Owner) -> None:
    receiver.statuses = [500] * 10
    row = only(run_job(owner, webhook_url=receiver.url))
    for tried, delay in enumerate([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400], 1):
        assert deliver.deliver()["status"] == "pending"
        assert deliver.deliver() == {"idle": True}, "not before its time"
        assert delay * 0.9 - 5 <= wait_of(row) <= delay * 1.1, f"after attempt {tried}"
        turn_clock_to(row.id)
    assert deliver.deliver()["status"] == "failed"
    assert only(row.job_id).next_at is None
    assert {call.headers["webhook-id"] for call in receiver.calls} == {f"msg_{row.id}"}
    with store.read() as db:
        tries = deliveries.attempts(db, [row.id])[row.id]
    assert [made.status_code for made in tries] == [500] * 10
    assert [made.at for made in tries] == sorted({made.at for made in tries})
    assert tries[0].answer == "thank you"


def test_the_wait_has_jitter() -> None:
    row = type("Row", (), {"attempts": 4})()
    attempt = DeliveryAttempt(datetime.now(UTC), 0.1, 503, "busy", "")
    waits = {deliver.judge(row, attempt, 0.0)[1] for _ in range(20)}
    assert len(waits) > 10


@pytest.mark.parametrize(
    ("status", "retry_after", "least", "most"), [(429, "600", 590, 601), (503, "7", 6, 8), (500, "1", 3, 6)]
)
def test_retry_after_asks_for_more_patience_never_for_less(
    receiver: Receiver, owner: Owner, status: int, retry_after: str, least: float, most: float
) -> None:
    receiver.statuses, receiver.headers = [status], {"Retry-After": retry_after}
    row = only(run_job(owner, webhook_url=receiver.url))
    deliver.deliver()
    assert least <= wait_of(row) <= most


def test_a_redirect_is_a_failure_and_is_not_followed(receiver: Receiver, owner: Owner) -> None:
    receiver.statuses, receiver.headers = [302], {"Location": f"{receiver.url}/elsewhere"}
    run_job(owner, webhook_url=receiver.url)
    assert deliver.deliver()["status"] == "pending"
    assert [call.path for call in receiver.calls] == ["/"]


def test_gone_disables_the_endpoint_and_ends_what_waits_for_it(receiver: Receiver, owner: Owner) -> None:
    endpoint = subscribe(owner, receiver.url)
    first, second = run_job(owner), run_job(owner)
    receiver.statuses = [410]
    assert deliver.deliver()["status"] == "failed"
    assert deliver.deliver() == {"idle": True}
    assert {only(first).status, only(second).status} == {"failed"}
    with store.read() as db:
        found = endpoints.get(db, endpoint.id, owner.workspace_id)
    assert found is not None
    assert found.disabled_reason == "the receiver answered 410 Gone"
    with store.read() as db:
        assert endpoints.subscribers(db, owner.workspace_id, "job.completed") == []


def test_three_days_of_failures_disable_an_endpoint_and_one_success_forgives(receiver: Receiver, owner: Owner) -> None:
    endpoint = subscribe(owner, receiver.url)
    receiver.statuses = [500, 200, 500, 500]
    row = only(run_job(owner))
    deliver.deliver()
    age(endpoint.id, days=4)
    turn_clock_to(row.id)
    assert deliver.deliver()["status"] == "delivered"
    later = only(run_job(owner))
    deliver.deliver()
    assert state(endpoint.id, owner).disabled_at is None
    age(endpoint.id, days=4)
    turn_clock_to(later.id)
    deliver.deliver()
    assert state(endpoint.id, owner).disabled_reason == "every delivery failed for 3 days"
    assert only(later.job_id).status == "failed"


def test_after_a_rotation_both_secrets_verify_for_a_day(receiver: Receiver, owner: Owner) -> None:
    endpoint = subscribe(owner, receiver.url)
    with store.write() as db:
        new = endpoints.rotate_secret(db, endpoint.id)
    run_job(owner)
    deliver.deliver()
    for secret in (endpoint.secret, new):
        Webhook(secret).verify(receiver.calls[0].body, receiver.calls[0].headers)
    with store.write() as db:
        db.execute(update(endpoint_table).values(old_until=datetime.now(UTC) - timedelta(seconds=1)))
        assert endpoints.signing_secrets(db, endpoint.id, owner.workspace_id) == [new]


def test_the_workspaces_secret_rotates_too(receiver: Receiver, owner: Owner) -> None:
    with store.write() as db:
        old = db.execute(select(workspaces.c.webhook_secret).where(workspaces.c.id == owner.workspace_id)).scalar_one()
        new = endpoints.rotate_workspace_secret(db, owner.workspace_id)
    run_job(owner, webhook_url=receiver.url)
    deliver.deliver()
    for secret in (old, new):
        Webhook(secret).verify(receiver.calls[0].body, receiver.calls[0].headers)


def test_what_crashed_before_its_note_is_sent_again_under_the_same_id(
    receiver: Receiver, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = only(run_job(owner, webhook_url=receiver.url))
    with monkeypatch.context() as crash:
        crash.setattr(deliveries, "record_attempt", dies)
        with pytest.raises(KeyboardInterrupt):
            deliver.deliver()
    assert deliver.deliver() == {"idle": True}, "its lease holds"
    with store.write() as db:
        db.execute(update(table).where(table.c.id == row.id).values(leased_until=1.0))
    assert deliver.deliver()["status"] == "delivered"
    assert [call.headers["webhook-id"] for call in receiver.calls] == [f"msg_{row.id}"] * 2


def test_a_late_note_of_a_lost_lease_changes_nothing(receiver: Receiver, owner: Owner) -> None:
    row = only(run_job(owner, webhook_url=receiver.url))
    attempt = DeliveryAttempt(datetime.now(UTC), 0.1, 200, None, "")
    with store.write() as db:
        leased = deliveries.claim(db)
        assert leased is not None
        assert leased.token is not None
        other = leased._replace(token=leased.token ^ 1)
        assert not deliveries.record_attempt(db, other, attempt, DeliveryStatus.DELIVERED, None)
    assert only(row.job_id).status == "pending"


def test_two_calls_at_most_go_to_one_host(receiver: Receiver, owner: Owner) -> None:
    for _ in range(4):
        run_job(owner, webhook_url=receiver.url)
    with store.write() as db:
        claims = [deliveries.claim(db) for _ in range(3)]
    assert [claim is not None for claim in claims] == [True, True, False]


def test_the_body_stays_small_whatever_the_metadata(receiver: Receiver, owner: Owner) -> None:
    run_job(owner, webhook_url=receiver.url, metadata={"note": "x" * 50_000})
    deliver.deliver()
    assert len(receiver.calls[0].body) < 20_000
    assert b'"status": "completed"' in receiver.calls[0].body


def test_a_second_end_plans_no_second_delivery(receiver: Receiver, owner: Owner) -> None:
    job_id = run_job(owner, webhook_url=receiver.url)
    with store.write() as db:
        assert not jobs.finish(db, job_id, 1)
    assert only(job_id)


def age(endpoint_id: int, days: int) -> None:
    with store.write() as db:
        since = datetime.now(UTC) - timedelta(days=days)
        db.execute(update(endpoint_table).where(endpoint_table.c.id == endpoint_id).values(failing_since=since))


def state(endpoint_id: int, owner: Owner) -> endpoints.Endpoint:
    with store.read() as db:
        found = endpoints.get(db, endpoint_id, owner.workspace_id)
    assert found is not None
    return found


def dies(*_: object) -> bool:
    raise KeyboardInterrupt
