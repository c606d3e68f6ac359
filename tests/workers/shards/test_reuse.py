"""Reuse: which rows may share a link, which get an existing one, and which links are indexed by their URL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models import store
from models.accounts.keys import Owner
from models.jobs.jobs import Job
from models.links import url_index
from models.states import ShardKind
from models.tables import links, shards, urls
from producer.signals import wakeups
from tests.owners import new_owner
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.work import work, work_off
from tests.workers.shards.parts import JOB_DOMAIN, judge_rows, make_job
from workers.shards import reuse
from workers.shards.reuse import NO_URLS, UrlFacts

REUSE = {"duplicates": "reuse"}
PLAIN = {"url": "https://plain.example/"}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


def test_only_a_job_that_asks_for_it_reuses_links() -> None:
    assert reuse.reuses_links(make_job(options=REUSE))
    assert not reuse.reuses_links(make_job(options={"duplicates": "create"}))
    assert not reuse.reuses_links(make_job())


def test_rows_share_where_an_existing_link_fits_or_two_urls_are_the_same() -> None:
    assert UrlFacts({0: 1, 1: 1}, {0, 1}).rows_may_share
    assert UrlFacts({0: 1}, {0}, {"https://a.example/": ("slug", 1, None)}).rows_may_share
    assert not UrlFacts({0: 1, 1: 2}, {0, 1}).rows_may_share
    assert not UrlFacts({0: 1, 1: 1}, ()).rows_may_share
    assert not NO_URLS.rows_may_share


def read_facts(job: Job, *rows: dict[str, Any]) -> UrlFacts:
    _, judged = judge_rows(*rows)
    with store.read() as db:
        return reuse.read_url_facts(db, job, judged)


@pytest.fixture
def job(owner: Owner, steps: Steps) -> Job:
    """A job that has created one link, to PLAIN, in a workspace that reuses links."""
    job_id = accept_csv(owner, "url\nhttps://plain.example/\n", duplicates="reuse")
    work_off()
    return read_job(job_id)


def link_of(job: Job) -> tuple[str, int, None]:
    with store.read() as db:
        row = db.execute(select(links.c.slug, links.c.generation).where(links.c.job_id == job.id)).one()
    return (row.slug, row.generation, None)


def test_a_url_that_has_a_link_is_found(job: Job) -> None:
    facts = read_facts(job, PLAIN, {"url": "https://other.example/"})
    assert facts.links == {"https://plain.example/": link_of(job)}
    assert (set(facts.hashes), set(facts.seeking_rows)) == ({0, 1}, {0, 1})


def test_private_and_expired_rows_share_nothing(job: Job) -> None:
    ended = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    facts = read_facts(job, PLAIN | {"password": "x"}, PLAIN | {"max_clicks": 1}, {"url": "nope"}, PLAIN)
    assert set(facts.hashes) == {3}
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    facts = read_facts(job, PLAIN | {"expires_at": later}, PLAIN | {"expires_at": ended})
    assert 0 in facts.hashes


def test_a_row_with_a_slug_or_an_expiry_of_its_own_gets_a_new_link_that_later_rows_may_share(job: Job) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    facts = read_facts(job, PLAIN | {"slug": "mine"}, PLAIN | {"expires_at": later}, PLAIN)
    assert (set(facts.hashes), set(facts.seeking_rows)) == ({0, 1, 2}, {2})


def test_a_link_that_was_disabled_is_given_to_no_row_and_makes_room_for_another(job: Job) -> None:
    with store.write() as db:
        db.execute(update(links).values(disabled_at=datetime.now(UTC)))
    facts = read_facts(job, PLAIN)
    assert (facts.links, facts.primary_hashes) == ({}, set())
    assert [link.slug for link in facts.ended_links] == [link_of(job)[0]]
    reuse.release_ended(facts)
    assert not read_facts(job, PLAIN).ended_links


def test_one_link_of_each_url_is_indexed_and_in_the_order_of_hashes() -> None:
    facts = UrlFacts({0: 9, 1: 3, 2: 9})
    [columns] = reuse.index_columns(facts, make_job(options=REUSE), [0, 1, 2, 3], ["a", "b", "c", "d"], 7)
    assert (columns["hash"], columns["slug"], columns["generation"]) == ([3, 9], ["b", "a"], 7)
    assert columns["rank"] == url_index.PRIMARY


def test_a_url_that_has_a_primary_link_gets_no_second_one() -> None:
    facts = UrlFacts({0: 9, 1: 3}, primary_hashes={(JOB_DOMAIN, 9)})
    ranks = reuse.index_columns(facts, make_job(options=REUSE), [0, 1], ["a", "b"], 7)[0]["rank"]
    assert ranks[0] == url_index.PRIMARY
    assert ranks[1] != url_index.PRIMARY


def test_a_job_that_does_not_reuse_claims_no_primary_link() -> None:
    ranks = reuse.index_columns(UrlFacts({0: 9}), make_job(), [0], ["a"], 7)[0]["rank"]
    assert url_index.PRIMARY not in ranks


def test_rows_that_share_nothing_are_not_indexed() -> None:
    assert reuse.index_columns(NO_URLS, make_job(), [0], ["a"], 7) == []
    assert reuse.index_columns(UrlFacts({5: 1}), make_job(), [0], ["a"], 7) == []


@pytest.mark.usefixtures("steps")
def test_the_first_reuse_indexes_the_links_that_were_there_before(owner: Owner) -> None:
    accept_csv(owner, "url\nhttps://plain.example/\n")
    work_off()
    with store.read() as db:
        assert db.execute(select(urls)).all() == []
    job_id = accept_csv(owner, "url\nhttps://plain.example/\n", duplicates="reuse")
    work_off()
    job = read_job(job_id)
    assert (job.created, job.existing) == (0, 1)


@pytest.mark.usefixtures("steps")
def test_a_large_workspace_is_indexed_by_bulk_workers_batch_by_batch(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reuse, "INTERACTIVE_BATCH", 2)
    monkeypatch.setattr(type(store.dialect()), "shard_rows", 2)
    for row in range(7):
        accept_csv(owner, f"url\nhttps://plain.example/{row}\n")
    work_off()
    job_id = accept_csv(owner, "url\nhttps://plain.example/6\n", duplicates="reuse")
    assert work(ShardKind.CREATE)["handed_over"]
    assert work(ShardKind.CREATE) == {"idle": True}, "who waits for links at once does not wait for this"
    other_id = accept_csv(new_owner("other"), "url\n" + "https://plain.example/\n" * 3)
    with store.write() as db:
        db.execute(update(shards).where(shards.c.job_id == other_id).values(queue=wakeups.BULK))
    results = [work(ShardKind.CREATE, wakeups.BULK) for _ in range(5)]
    assert [(result["job"] == str(other_id), "handed_over" in result) for result in results] == [
        (True, False),
        (False, True),
        (True, False),
        (False, True),
        (False, False),
    ]
    assert (read_job(job_id).created, read_job(job_id).existing) == (0, 1)
