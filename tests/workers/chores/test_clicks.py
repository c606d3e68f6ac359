"""Clicks: a batch is in the database exactly once, however often it comes, and leaves the broker only then."""

from datetime import date

import msgspec
import pytest
from sqlalchemy import func, select, update

from models import store
from models.accounts.keys import Owner
from models.tables import click_batches
from models.tables import clicks as click_table
from producer.signals import counters
from producer.visits import click_buffer
from producer.visits.click_buffer import BATCHES_KEY, ClickBatch, ClickKey
from tests.fixtures.fake_redis import FakeRedis
from tests.models.links.new_links import GENERATION, JOB_ID, add_link
from workers.chores import clicks

DAY = date(2026, 1, 2)


@pytest.fixture(autouse=True)
def clicked_links(owner: Owner) -> None:
    for slug in ("a", "b"):
        add_link(owner, slug, domain_id=1)


def make_key(slug: str) -> ClickKey:
    values = {"domain_id": 1, "slug": slug, "generation": GENERATION}
    values |= {"day": DAY.toordinal(), "bot": False, "job_id": JOB_ID}
    texts = {name: "" for name in ClickKey._fields if name not in values}
    return ClickKey(**values | texts)  # type: ignore[arg-type]


def make_payload(batch_id: str, slug: str, times: int) -> str:
    return msgspec.json.encode(ClickBatch(batch_id, [(make_key(slug), times)])).decode()


def counted() -> dict[str, int]:
    query = select(click_table.c.slug, func.sum(click_table.c["count"])).group_by(click_table.c.slug)
    with store.read() as db:
        return {slug: int(times) for slug, times in db.execute(query).tuples()}


def test_every_batch_that_waits_is_written(owner: Owner, fake_redis: FakeRedis) -> None:
    counters.pending.clear()
    fake_redis.client.rpush(BATCHES_KEY, make_payload("1", "a", 3), make_payload("2", "b", 4))
    clicks.drain()
    assert counted() == {"a": 3, "b": 4}
    assert click_buffer.batch_count() == 0
    assert counters.pending.counts[counters.field_name(counters.CLICKS)] == 7


def test_a_batch_that_comes_twice_counts_once(owner: Owner, fake_redis: FakeRedis) -> None:
    counters.pending.clear()
    fake_redis.client.rpush(BATCHES_KEY, make_payload("1", "a", 3), make_payload("1", "a", 3))
    clicks.drain()
    assert counted() == {"a": 3}
    assert counters.pending.counts[counters.field_name(counters.CLICKS)] == 3


def test_an_unreadable_batch_holds_no_other_up(owner: Owner, fake_redis: FakeRedis) -> None:
    fake_redis.client.rpush(BATCHES_KEY, "not JSON", make_payload("1", "a", 3))
    clicks.drain()
    assert counted() == {"a": 3}


def test_a_batch_stays_in_the_broker_when_the_database_does_not_take_it(
    owner: Owner, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(payload: str) -> None:
        raise OSError

    fake_redis.client.rpush(BATCHES_KEY, make_payload("1", "a", 3))
    monkeypatch.setattr(clicks, "write", fail)
    assert clicks.write_next()["idle"]
    assert click_buffer.batch_count() == 1


def test_without_a_broker_there_is_nothing_to_do(owner: Owner, fake_redis: FakeRedis) -> None:
    with fake_redis.away():
        assert clicks.write_next()["idle"]
        assert not clicks.has_batch()


def test_batches_are_remembered_for_as_long_as_they_may_come_again(owner: Owner, fake_redis: FakeRedis) -> None:
    clicks.write(make_payload("1", "a", 3))
    clicks.remove_old_batches(1.0)
    clicks.write(make_payload("1", "a", 3))
    assert counted() == {"a": 3}
    with store.write() as db:
        db.execute(update(click_batches).values(drained_at=0.0))
    clicks.remove_old_batches(1.0)
    with store.read() as db:
        assert db.execute(select(click_batches)).all() == []
