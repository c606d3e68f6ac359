"""Idempotency keys: one request at a time has one, and keeps it only while it is alive."""

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import create_autospec

import pytest
from sqlalchemy import func, select, update

from models import store
from models.accounts.keys import Owner
from models.errors import InProgress, KeyReused
from models.jobs import idempotency as key_rows
from models.jobs import pending_replies
from models.jobs.idempotency import ASSIGNED_SECONDS, LEASE_SECONDS, LINGER_SECONDS, IdempotencyKey
from models.tables import idempotency_keys as kept
from models.tables import jobs
from producer import idempotency
from producer.accept import Upload, accept
from producer.intake import upload_store
from producer.job_options import Options
from producer.signals import wakeups

BODY = b"url\nhttps://a.b\n"


@pytest.fixture(autouse=True)
def nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "send_task", create_autospec(wakeups.send_task, return_value=True))


def test_of_many_requests_at_once_one_gets_the_key(owner: Owner) -> None:
    with ThreadPoolExecutor(8) as threads:
        won = [held for held in threads.map(lambda _: attempt(owner), range(24)) if held]
    assert len(won) == 1


def test_keys_are_a_workspaces_and_a_routes_own(owner: Owner) -> None:
    for key in (
        IdempotencyKey(owner.workspace_id, "/a", "k"),
        IdempotencyKey(owner.workspace_id, "/b", "k"),
        IdempotencyKey(7, "/a", "k"),
    ):
        assert idempotency.hold(key).record is None


def test_who_asks_while_the_first_is_received_is_sent_away(owner: Owner) -> None:
    idempotency.hold(key_of(owner))
    with pytest.raises(InProgress):
        idempotency.hold(key_of(owner))


def test_the_same_words_get_the_same_job(owner: Owner) -> None:
    first = sent(owner)
    assert sent(owner) == first
    assert (count(jobs), uploads_kept()) == (1, 1)
    with pytest.raises(KeyReused):
        sent(owner, b"url\nhttps://other.b\n")
    with pytest.raises(KeyReused):
        sent(owner, options=Options(metadata={"a": 1}))
    assert (count(jobs), uploads_kept()) == (1, 1)


def test_the_order_of_words_does_not_matter(owner: Owner) -> None:
    first = sent(owner, options=Options(metadata={"a": 1, "b": {"c": 2, "d": "\ud800"}}))
    assert sent(owner, options=Options(metadata={"b": {"d": "\ud800", "c": 2}, "a": 1})) == first


def test_a_file_that_was_renamed_is_the_same_file(owner: Owner) -> None:
    first = sent(owner, options=Options(name="urls.csv"))
    assert sent(owner, options=Options(name="urls (1).csv")) == first


def test_how_a_body_was_cut_into_pieces_does_not_matter(owner: Owner) -> None:
    first = sent(owner)
    held = idempotency.hold(key_of(owner))
    assert accept(Upload("csv", "csv", [BODY[:5], BODY[5:]]), owner, Options, held) == first


def test_who_was_too_slow_makes_no_second_job(owner: Owner) -> None:
    slow = idempotency.hold(key_of(owner))
    expire(LEASE_SECONDS + 1)
    first = sent(owner)
    with pytest.raises(InProgress):
        accept(Upload("csv", "csv", [BODY]), owner, Options, slow)
    idempotency.release(slow, refused=True)
    assert (sent(owner), count(jobs), uploads_kept()) == (first, 1, 1)


def test_who_was_slow_and_missed_by_nobody_makes_the_job(owner: Owner) -> None:
    slow = idempotency.hold(key_of(owner))
    expire(LEASE_SECONDS + 1)
    assert not remove_old_keys()
    job = accept(Upload("csv", "csv", [BODY]), owner, Options, slow)
    assert sent(owner) == job


def test_a_body_that_keeps_coming_keeps_its_lease(owner: Owner) -> None:
    held = idempotency.hold(key_of(owner))
    expire(LEASE_SECONDS - 0.5)
    idempotency.renew(held)
    assert left() < 1
    held.renewed_at -= idempotency.RENEW_SECONDS
    idempotency.renew(held)
    assert left() > LEASE_SECONDS - 2


def test_who_lost_the_key_is_told_while_it_still_sends(owner: Owner) -> None:
    slow = idempotency.hold(key_of(owner))
    expire(LEASE_SECONDS + 1)
    idempotency.hold(key_of(owner))
    slow.renewed_at -= idempotency.RENEW_SECONDS
    with pytest.raises(InProgress):
        idempotency.renew(slow)


def test_what_failed_leaves_the_key_to_the_next(owner: Owner) -> None:
    idempotency.release(idempotency.hold(key_of(owner)), refused=False)
    assert idempotency.hold(key_of(owner)).record is None


def test_a_job_is_forgotten_only_when_it_was_refused(owner: Owner) -> None:
    job = sent(owner)
    again = idempotency.hold(key_of(owner))
    again.job_id = job
    idempotency.release(again, refused=False)
    assert sent(owner) == job
    idempotency.release(again, refused=True)
    assert sent(owner) != job


def test_a_key_is_kept_for_a_day_and_then_cleared(owner: Owner) -> None:
    job = sent(owner)
    expire(ASSIGNED_SECONDS - 60)
    assert sent(owner) == job
    expire(61)
    assert sent(owner) != job
    assert not remove_old_keys()
    expire(ASSIGNED_SECONDS + LINGER_SECONDS + 1)
    assert remove_old_keys()
    assert count(kept) == 0


def test_what_is_owed_to_a_vendors_caller_is_no_clients_key(owner: Owner) -> None:
    with store.write() as db:
        pending_replies.save(db, owner.workspace_id, "/api/jobs", "k", 5)
    assert idempotency.hold(key_of(owner)).record is None
    with store.read() as db:
        assert pending_replies.find_job(db, owner.workspace_id, "/api/jobs", "k") == 5


def remove_old_keys() -> bool:
    """Remove outdated keys as the sweep does; return whether there were any."""
    with store.write() as db:
        has_outdated = key_rows.has_outdated(db)
        if has_outdated:
            key_rows.delete_outdated(db)
    return has_outdated


def attempt(owner: Owner) -> idempotency.Hold | None:
    try:
        return idempotency.hold(key_of(owner))
    except InProgress:
        return None


def key_of(owner: Owner) -> IdempotencyKey:
    return IdempotencyKey(owner.workspace_id, "/api/jobs", "k")


def sent(owner: Owner, body: bytes = BODY, options: Options | None = None) -> int:
    return accept(Upload("csv", "csv", [body]), owner, lambda: options or Options(), idempotency.hold(key_of(owner)))


def expire(seconds: float) -> None:
    """Lets time pass for every lease."""
    with store.write() as db:
        db.execute(update(kept).values(leased_until=kept.c.leased_until - seconds))


def left() -> float:
    with store.read() as db:
        return float(db.execute(select(kept.c.leased_until - store.dialect().clock())).scalar_one())


def count(table: object) -> int:
    with store.read() as db:
        return int(db.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def uploads_kept() -> int:
    fs, root = upload_store._store()
    return len(fs.ls(root, detail=False))
