"""Titles of pages: fetched behind the batch, written only where none is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from models import store
from models.accounts.keys import Owner
from models.jobs import jobs
from models.links import title_queue
from models.states import JobStatus, ShardKind
from models.tables import links
from models.tables import untitled as table
from producer.accept import Upload, accept
from producer.intake.layouts import NDJSON
from producer.job_options import Options
from tests.system import System
from tests.waiting import wait_until
from tests.workers.chores.pages import hanging, serving
from tests.workers.chores.receiver import receiving
from workers import tasks
from workers.chores import titles
from workers.shards import attempts


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    monkeypatch.setenv("ALLOW_PRIVATE_TARGETS", "1")
    with serving() as started:
        yield started


def run_job(owner: Owner, items: list[dict[str, Any]], **options: Any) -> int:
    lines = [json.dumps(item).encode() + b"\n" for item in items]
    job_id = accept(Upload("json", NDJSON, lines), owner, lambda: Options(**options))
    attempts.work_on_next(ShardKind.CREATE, "interactive", (job_id, 0))
    return job_id


def fetch_all() -> int:
    return tasks._repeat_until_idle(titles.fetch_one)


def titles_of(job_id: int) -> dict[str, str | None]:
    with store.read() as db:
        rows = db.execute(select(links.c.url, links.c.title).where(links.c.job_id == job_id))
        return {url.rpartition("/")[2]: title for url, title in rows}


def test_links_without_a_title_get_their_pages(pages: tuple[str, list[str]], owner: Owner) -> None:
    paths = ("plain", "og", "latin", "json", "none", "missing")
    job_id = run_job(owner, [{"url": f"{pages[0]}/{path}"} for path in paths], fetch_titles=True)
    with store.read() as db:
        job = jobs.get(db, job_id)
        assert title_queue.has_job(db, job_id)
    assert job is not None
    assert job.status == JobStatus.COMPLETED, "titles are not waited for"
    assert fetch_all() == len(paths)
    found = titles_of(job_id)
    assert (found["plain"], found["og"], found["latin"]) == ("A plain page", "From og:title", "Café")
    assert (found["json"], found["none"], found["missing"]) == (None, None, None)
    with store.read() as db:
        assert not title_queue.has_job(db, job_id)


def test_a_title_of_ones_own_stays_and_nothing_is_fetched_unasked(pages: tuple[str, list[str]], owner: Owner) -> None:
    own = run_job(owner, [{"url": f"{pages[0]}/plain", "title": "Mine"}], fetch_titles=True)
    unasked = run_job(owner, [{"url": f"{pages[0]}/plain"}])
    assert fetch_all() == 0
    assert pages[1] == []
    assert (titles_of(own)["plain"], titles_of(unasked)["plain"]) == ("Mine", None)


def test_a_title_given_meanwhile_is_not_overwritten(pages: tuple[str, list[str]], owner: Owner) -> None:
    job_id = run_job(owner, [{"url": f"{pages[0]}/plain"}], fetch_titles=True)
    with store.write() as db:
        db.execute(update(links).where(links.c.job_id == job_id).values(title="By hand"))
    assert fetch_all() == 1
    assert titles_of(job_id)["plain"] == "By hand"


def test_targets_that_are_not_public_are_not_fetched(owner: Owner) -> None:
    with serving() as (url, asked):
        job_id = run_job(owner, [{"url": f"{url}/plain"}], fetch_titles=True)
        assert fetch_all() == 1
        assert asked == []
    assert titles_of(job_id)["plain"] is None


def test_two_fetches_at_most_go_to_one_host_and_eight_in_all(owner: Owner) -> None:
    items = [{"url": f"http://host{number % 12}.example/{number}"} for number in range(48)]
    run_job(owner, items, fetch_titles=True)
    with store.write() as db:
        claims = [title_queue.claim(db, "") for _ in range(10)]
    hosts = [claim.host for claim in claims if claim]
    assert len(hosts) == title_queue.MOST_LEASED
    assert max(hosts.count(host) for host in hosts) <= title_queue.MOST_LEASED_PER_HOST
    assert claims[-1] is None


def test_a_page_that_ends_its_fetcher_is_given_up(pages: tuple[str, list[str]], owner: Owner) -> None:
    run_job(owner, [{"url": f"{pages[0]}/plain"}], fetch_titles=True)
    for _ in range(title_queue.MOST_ATTEMPTS):
        with store.write() as db:
            assert title_queue.claim(db, "") is not None
            db.execute(update(table).values(leased_until=1.0))
    assert fetch_all() == 1
    assert pages[1] == []


def test_hosts_take_turns_however_many_links_one_has(owner: Owner) -> None:
    run_job(owner, [{"url": f"http://large.example/{number}"} for number in range(500)], fetch_titles=True)
    run_job(owner, [{"url": f"http://small{number}.example/"} for number in range(3)], fetch_titles=True)
    hosts: list[str] = []
    with store.write() as db:
        for _ in range(5):
            claimed = title_queue.claim(db, hosts[-1] if hosts else "")
            assert claimed is not None
            hosts.append(claimed.host)
    assert hosts == ["large.example", "small0.example", "small1.example", "small2.example", "large.example"]


def test_pages_that_hang_hold_up_neither_jobs_nor_webhooks(system: System) -> None:
    with hanging() as port, receiving() as receiver:
        slow = [{"url": f"http://127.0.{number}.1:{port}/"} for number in range(64)]
        job = system.wait_for_job(system.post({"links": slow, "fetch_titles": True}), 10)
        assert job["counts"]["created"] == len(slow)
        told = system.post({"links": [{"url": "https://example.com/"}], "webhook_url": receiver.url})
        system.wait_for_job(told, 10)
        wait_until(lambda: receiver.calls, what="a webhook beside pages that hang")
        assert system.sql(f"SELECT count(*) FROM untitled WHERE job_id = {job['id']}")[0][0] > 0, "they still hang"


def test_titles_come_in_behind_a_finished_job_and_are_fetched_once_a_url(system: System) -> None:
    with serving() as (url, asked):
        rows = [{"url": f"{url}/plain"} for _ in range(20)]
        job = system.wait_for_job(system.post({"links": rows, "fetch_titles": True}))
        query = f"SELECT count(*) FROM links WHERE job_id = {job['id']} AND title = 'A plain page'"
        wait_until(lambda: system.sql(query)[0][0] == len(rows), what="all titles")
        assert len(asked) <= title_queue.MOST_LEASED_PER_HOST
