"""Deliveries: claimed one by one, recorded once, tried again at their time, and cancelled."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from models import store
from models.accounts.keys import Owner
from models.tables import deliveries as table
from models.webhooks import deliveries
from models.webhooks.deliveries import Delivery, DeliveryAttempt, DeliveryStatus

NOW = datetime.now(UTC)
ANSWER = DeliveryAttempt(NOW, 0.25, 200, None, "thank you")
FAILURE = DeliveryAttempt(NOW, 0.5, 503, "the receiver answered 503", "busy")


def add(owner: Owner, host: str = "a.example", **columns: Any) -> int:
    delivery = {
        "workspace_id": owner.workspace_id,
        "job_id": 5,
        "run": 1,
        "endpoint_id": 9,
        "type": "job.completed",
        "url": f"https://{host}/hook",
        "body": "{}",
    }
    with store.write() as db:
        (delivery_id,) = deliveries.add(db, [delivery | columns])
    return delivery_id


def get(delivery_id: int) -> Delivery:
    with store.read() as db:
        return deliveries.get(db, delivery_id)


def claim() -> Delivery | None:
    with store.write() as db:
        return deliveries.claim(db)


def record(
    delivery: Delivery | None, attempt: DeliveryAttempt, status: DeliveryStatus, retry_in: float | None = None
) -> bool:
    assert delivery
    with store.write() as db:
        return deliveries.record_attempt(db, delivery, attempt, status, retry_in)


def count_due() -> int:
    with store.read() as db:
        return deliveries.count_due(db, 100)


def set_columns(delivery_id: int, **values: Any) -> None:
    with store.write() as db:
        db.execute(update(table).where(table.c.id == delivery_id).values(values))


def test_a_new_delivery_is_pending_and_due_at_once(owner: Owner) -> None:
    delivery = get(add(owner))
    assert (delivery.status, delivery.attempts, delivery.url) == ("pending", 0, "https://a.example/hook")
    assert (delivery.job_id, delivery.run, delivery.endpoint_id) == (5, 1, 9)
    assert abs((delivery.created_at - datetime.now(UTC)).total_seconds()) < 60
    assert count_due() == 1


def test_adding_none_adds_nothing(owner: Owner) -> None:
    with store.write() as db:
        assert deliveries.add(db, []) == []


def test_a_claim_leases_a_delivery_to_one_worker(owner: Owner) -> None:
    delivery_id = add(owner)
    claimed = claim()
    assert claimed
    assert claimed.id == delivery_id
    assert claimed.token == get(delivery_id).token is not None
    assert claim() is None
    assert count_due() == 0


def test_an_expired_lease_is_claimed_again_with_another_token(owner: Owner) -> None:
    delivery_id = add(owner)
    first = claim()
    set_columns(delivery_id, leased_until=1.0)
    second = claim()
    assert first
    assert second
    assert first.token != second.token


def test_new_deliveries_go_before_those_that_failed_already(owner: Owner) -> None:
    tried = add(owner)
    set_columns(tried, attempts=1)
    new = add(owner)
    claims = [claim(), claim()]
    assert [claimed and claimed.id for claimed in claims] == [new, tried]


def test_a_host_gets_two_at_a_time_and_others_need_not_wait(owner: Owner) -> None:
    for _ in range(3):
        add(owner, "slow.example")
    add(owner, "quick.example")
    urls = Counter[str]()
    while claimed := claim():
        urls[claimed.url] += 1
    assert urls == {"https://slow.example/hook": 2, "https://quick.example/hook": 1}


def test_a_success_ends_a_delivery_and_records_the_attempt(owner: Owner) -> None:
    delivery_id = add(owner)
    assert record(claim(), ANSWER, DeliveryStatus.DELIVERED)
    delivery = get(delivery_id)
    assert (delivery.status, delivery.attempts, delivery.next_at, delivery.token) == ("delivered", 1, None, None)
    with store.read() as db:
        assert deliveries.attempts(db, [delivery_id]) == {delivery_id: [ANSWER]}
    assert claim() is None


def test_a_failure_is_due_again_after_its_wait_and_not_before(owner: Owner) -> None:
    delivery_id = add(owner)
    assert record(claim(), FAILURE, DeliveryStatus.PENDING, 300.0)
    assert claim() is None
    next_at = get(delivery_id).next_at
    assert next_at
    set_columns(delivery_id, next_at=next_at - 300)
    assert record(claim(), ANSWER, DeliveryStatus.DELIVERED)
    with store.read() as db:
        assert deliveries.attempts(db, [delivery_id]) == {delivery_id: [FAILURE, ANSWER]}


def test_a_worker_that_lost_its_lease_records_nothing(owner: Owner) -> None:
    delivery_id = add(owner)
    late = claim()
    set_columns(delivery_id, leased_until=1.0)
    current = claim()
    assert not record(late, FAILURE, DeliveryStatus.FAILED)
    assert get(delivery_id).status == "pending"
    assert record(current, ANSWER, DeliveryStatus.DELIVERED)
    assert not record(current, ANSWER, DeliveryStatus.DELIVERED), "the lease ends with the record"


def test_pending_deliveries_of_an_endpoint_or_job_are_cancelled_and_others_stay(owner: Owner) -> None:
    ids = [add(owner, endpoint_id=1), add(owner, job_id=7), add(owner)]
    delivered = add(owner, endpoint_id=1)
    set_columns(delivered, status=DeliveryStatus.DELIVERED, next_at=None)
    with store.write() as db:
        deliveries.cancel_for_endpoint(db, 1)
        deliveries.cancel_for_job(db, 7)
    assert [get(delivery_id).status for delivery_id in ids] == ["failed", "failed", "pending"]
    assert get(delivered).status == "delivered"
    assert count_due() == 1


def test_a_delivery_is_sent_again_by_its_own_workspace_only(owner: Owner) -> None:
    delivery_id = add(owner)
    record(claim(), FAILURE, DeliveryStatus.FAILED)
    with store.write() as db:
        assert not deliveries.send_again(db, delivery_id, owner.workspace_id + 1)
        assert deliveries.send_again(db, delivery_id, owner.workspace_id)
    delivery = get(delivery_id)
    assert (delivery.id, delivery.status, delivery.attempts) == (delivery_id, "pending", 0)
    assert claim()


def test_due_deliveries_are_counted_up_to_a_limit(owner: Owner) -> None:
    for _ in range(3):
        add(owner)
    with store.read() as db:
        assert [deliveries.count_due(db, limit) for limit in (2, 3, 4)] == [2, 3, 3]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_deliveries_of_an_endpoint_come_in_pages_the_newest_first(owner: Owner, limit: int) -> None:
    ids = sorted(add(owner, endpoint_id=1) for _ in range(5))
    add(owner, endpoint_id=2)
    listed: list[int] = []
    before = None
    while True:
        with store.read() as db:
            page = deliveries.of_endpoint(db, 1, before, limit)
        if not page:
            break
        listed += [delivery.id for delivery in page]
        before = listed[-1]
    assert listed == ids[::-1]


def test_deliveries_of_a_job_are_those_of_all_its_endpoints(owner: Owner) -> None:
    ids = [add(owner, endpoint_id=number) for number in range(2)]
    add(owner, job_id=6)
    with store.read() as db:
        assert [delivery.id for delivery in deliveries.of_job(db, 5)] == sorted(ids)


def test_a_lease_of_a_clock_that_was_put_back_has_expired(owner: Owner) -> None:
    delivery_id = add(owner)
    set_columns(delivery_id, leased_until=store.dialect().clock() + deliveries.LEASE_SECONDS - 1)
    assert count_due() == 0
    set_columns(delivery_id, leased_until=store.dialect().clock() + 3600)
    assert count_due() == 1
    assert claim()
