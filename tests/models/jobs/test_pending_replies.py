"""A vendor's call that timed out finds its job again, until the reply is sent or the job is forgotten."""

from sqlalchemy import update

from models import store
from models.accounts.keys import Owner
from models.jobs import idempotency, pending_replies
from models.jobs.idempotency import IdempotencyKey
from models.tables import idempotency_keys

ROUTE = "/api/bulk"


def test_the_same_call_finds_its_job(owner: Owner) -> None:
    save(owner, "same", 5)
    assert find(owner, "same") == 5
    assert find(owner, "other") is None


def test_another_route_or_workspace_finds_nothing(owner: Owner) -> None:
    save(owner, "same", 5)
    with store.read() as db:
        assert pending_replies.find_job(db, owner.workspace_id, "/links/bulk", "same") is None
        assert pending_replies.find_job(db, owner.workspace_id + 1, ROUTE, "same") is None


def test_the_latest_job_is_the_one_that_is_found(owner: Owner) -> None:
    save(owner, "same", 5)
    save(owner, "same", 6)
    assert find(owner, "same") == 6


def test_a_reply_that_was_sent_is_gone(owner: Owner) -> None:
    save(owner, "same", 5)
    with store.write() as db:
        pending_replies.remove(db, owner.workspace_id, ROUTE, "same")
    assert find(owner, "same") is None


def test_a_forgotten_job_is_found_by_no_call_and_no_key(owner: Owner) -> None:
    key = IdempotencyKey(owner.workspace_id, "/api/jobs", "k")
    save(owner, "same", 5)
    save(owner, "other", 6)
    with store.write() as db:
        idempotency.claim(db, key, "token")
        idempotency.assign(db, key, "token", "fingerprint", 5)
        pending_replies.forget_job(db, owner.workspace_id, 5)
        assert idempotency.claim(db, key, "another") is None, "the key is free"
    assert (find(owner, "same"), find(owner, "other")) == (None, 6)


def test_a_reply_is_not_kept_for_ever(owner: Owner) -> None:
    save(owner, "same", 5)
    with store.write() as db:
        db.execute(update(idempotency_keys).values(leased_until=idempotency_keys.c.leased_until - 86_400))
    assert find(owner, "same") is None


def test_no_key_of_a_client_is_taken_for_a_reply(owner: Owner) -> None:
    save(owner, "same", 5)
    with store.write() as db:
        assert idempotency.claim(db, IdempotencyKey(owner.workspace_id, ROUTE, "same"), "token") is None


def save(owner: Owner, fingerprint: str, job_id: int) -> None:
    with store.write() as db:
        pending_replies.save(db, owner.workspace_id, ROUTE, fingerprint, job_id)


def find(owner: Owner, fingerprint: str) -> int | None:
    with store.read() as db:
        return pending_replies.find_job(db, owner.workspace_id, ROUTE, fingerprint)
