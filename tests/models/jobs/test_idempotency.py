"""An idempotency key belongs to one request at a time, then to its job, and is free again after that."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from models import store
from models.accounts.keys import Owner
from models.errors import InProgress
from models.jobs import idempotency
from models.jobs.idempotency import IdempotencyKey, KeyRecord
from models.tables import idempotency_keys


def test_of_many_requests_at_once_one_gets_a_key(owner: Owner) -> None:
    with ThreadPoolExecutor(8) as threads:
        records = list(threads.map(lambda number: claim(owner, f"token {number}"), range(24)))
    assert records.count(None) == 1


def test_the_same_key_of_another_workspace_or_route_is_another_key(owner: Owner) -> None:
    assert claim(owner, "a") is None
    with store.write() as db:
        assert idempotency.claim(db, IdempotencyKey(owner.workspace_id, "/other", "k"), "b") is None
        assert idempotency.claim(db, IdempotencyKey(owner.workspace_id + 1, "/api/jobs", "k"), "b") is None


def test_a_key_without_a_job_is_being_received(owner: Owner) -> None:
    claim(owner, "first")
    assert claim(owner, "second") == KeyRecord("first", None, "")


def test_a_key_leads_to_its_job(owner: Owner) -> None:
    claim(owner, "first")
    assign(owner, "first", 5)
    assert claim(owner, "second") == KeyRecord("first", 5, "fingerprint")


def test_a_job_is_assigned_once(owner: Owner) -> None:
    claim(owner, "first")
    assign(owner, "first", 5)
    with pytest.raises(InProgress):
        assign(owner, "first", 6)


def test_a_renewed_lease_does_not_expire(owner: Owner) -> None:
    claim(owner, "first")
    age(idempotency.LEASE_SECONDS - 1)
    with store.write() as db:
        idempotency.renew(db, key_of(owner), "first")
    age(2)
    assert claim(owner, "second")


def test_the_request_of_an_expired_lease_loses_the_key_to_the_next_one(owner: Owner) -> None:
    claim(owner, "first")
    age(idempotency.LEASE_SECONDS + 1)
    assert claim(owner, "second") is None
    with pytest.raises(InProgress), store.write() as db:
        idempotency.renew(db, key_of(owner), "first")
    with pytest.raises(InProgress):
        assign(owner, "first", 5)


def test_a_lease_of_a_clock_that_was_put_back_has_expired_but_a_job_keeps_its_key(owner: Owner) -> None:
    claim(owner, "first")
    age(-3600)
    assert claim(owner, "second") is None
    assign(owner, "second", 5)
    age(-3600)
    assert claim(owner, "third") == KeyRecord("second", 5, "fingerprint")


def test_an_expired_lease_is_still_its_requests_while_no_other_wants_the_key(owner: Owner) -> None:
    claim(owner, "first")
    age(idempotency.LEASE_SECONDS + 1)
    assign(owner, "first", 5)
    assert claim(owner, "second") == KeyRecord("first", 5, "fingerprint")


def test_a_failed_request_frees_its_key_at_once(owner: Owner) -> None:
    claim(owner, "first")
    with store.write() as db:
        idempotency.release(db, key_of(owner), "another")
    assert claim(owner, "second"), "only its own request can free it"
    with store.write() as db:
        idempotency.release(db, key_of(owner), "first")
    assert claim(owner, "second") is None


def test_a_key_with_a_job_is_not_released_but_forgotten(owner: Owner) -> None:
    claim(owner, "first")
    assign(owner, "first", 5)
    with store.write() as db:
        idempotency.release(db, key_of(owner), "first")
        idempotency.forget_job(db, key_of(owner), 6)
    assert claim(owner, "second")
    with store.write() as db:
        idempotency.forget_job(db, key_of(owner), 5)
    assert claim(owner, "second") is None


def test_a_key_is_free_a_day_after_its_job(owner: Owner) -> None:
    claim(owner, "first")
    assign(owner, "first", 5)
    age(idempotency.ASSIGNED_SECONDS - 1)
    assert claim(owner, "second")
    age(2)
    assert claim(owner, "second") is None


def test_outdated_keys_are_deleted_and_others_stay(owner: Owner) -> None:
    claim(owner, "first")
    age(idempotency.LEASE_SECONDS + idempotency.LINGER_SECONDS - 1)
    with store.write() as db:
        assert not idempotency.has_outdated(db)
        idempotency.delete_outdated(db)
    assert count_keys() == 1
    age(2)
    with store.write() as db:
        assert idempotency.has_outdated(db)
        idempotency.delete_outdated(db)
    assert count_keys() == 0


def key_of(owner: Owner) -> IdempotencyKey:
    return IdempotencyKey(owner.workspace_id, "/api/jobs", "k")


def claim(owner: Owner, token: str) -> KeyRecord | None:
    with store.write() as db:
        return idempotency.claim(db, key_of(owner), token)


def assign(owner: Owner, token: str, job_id: int) -> None:
    with store.write() as db:
        idempotency.assign(db, key_of(owner), token, "fingerprint", job_id)


def age(seconds: float) -> None:
    with store.write() as db:
        db.execute(update(idempotency_keys).values(leased_until=idempotency_keys.c.leased_until - seconds))


def count_keys() -> int:
    with store.read() as db:
        return int(db.execute(select(func.count()).select_from(idempotency_keys)).scalar_one())
