"""A job's progress as server-sent events."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, make_url, text

from models import store
from models.accounts import keys
from models.accounts.keys import Owner
from models.jobs import jobs
from producer import control
from producer.accept import Upload, accept
from producer.job_options import Options
from producer.signals import waiting, watchers
from producer.signals.places import Places
from tests import ROOT, faults
from tests.shared_app import shared_app
from tests.system import System
from tests.waiting import wait_until
from tests.web.commands import client, new_key

WAIT = {"Prefer": "wait=30"}


class Event(NamedTuple):
    name: str
    id: str
    job: dict[str, Any]
    at: float


def rows(count: int) -> str:
    return "url\n" + "".join(f"https://example.com/{row}\n" for row in range(count))


def read(lines: Iterator[str]) -> Iterator[Event]:
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            found[name] = value
        elif "data" in found:
            yield Event(found["event"], found["id"], json.loads(found["data"]), time.monotonic())
            found = {}


@contextmanager
def watching(system: System, job: dict[str, Any], **headers: str) -> Iterator[httpx.Response]:
    with system.client.stream("GET", job["links"]["events"], headers=headers) as answer:
        yield answer


def all_events(system: System, job: dict[str, Any], **headers: str) -> list[Event]:
    with watching(system, job, **headers) as answer:
        assert answer.status_code == 200
        return list(read(answer.iter_lines()))


@pytest.fixture
def endless(system: System) -> Iterator[dict[str, Any]]:
    """A job that misses a row nobody works on."""
    job = system.post({"links": [{"url": "https://a.b"}]}, headers=WAIT).json()
    change(system, f"UPDATE jobs SET status = 'running', total = 2, finished_at = NULL WHERE id = {job['id']}")
    yield job
    change(system, f"UPDATE jobs SET total = 1 WHERE id = {job['id']}")


def change(system: System, statement: str) -> None:
    url = make_url(system.database_url)
    engine = create_engine(url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url)
    with engine.begin() as db:
        db.execute(text(statement))
    engine.dispose()


def test_a_job_is_followed_to_its_end_with_at_most_four_events_a_second(system: System) -> None:
    total = system.rows_of(shards=8, most=120_000)
    events = all_events(system, system.post_csv(rows(total)).json())
    assert [event.name for event in events] == ["progress"] * (len(events) - 1) + ["done"]
    assert 3 <= len(events) <= 3 + 4 * (events[-1].at - events[0].at)
    assert events[-1].job["status"] == "completed"
    assert events[-1].job["counts"]["created"] == total
    processed = [event.job["counts"]["processed"] for event in events]
    assert processed == sorted(processed)
    assert len({event.id for event in events}) == len(events)


def test_a_stream_says_how_it_is_to_be_treated(system: System, endless: dict[str, Any]) -> None:
    with watching(system, endless) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Accel-Buffering"] == "no"
        lines = answer.iter_lines()
        assert next(lines).startswith("retry: ")
        assert next(read(lines)).job["status"] == "running"


def test_a_job_that_has_ended_is_done_at_once(system: System) -> None:
    job = system.post({"links": [{"url": "https://a.b"}, {"url": "nope"}]}, headers=WAIT).json()
    (event,) = all_events(system, job)
    assert (event.name, event.job) == ("done", job)
    assert all_events(system, job, **{"Last-Event-ID": event.id})[0].job == job


def test_only_who_may_see_a_job_may_watch_it(system: System, endless: dict[str, Any]) -> None:
    path = endless["links"]["events"]
    assert httpx.get(f"{system.url}{path}").status_code == 401
    with client(system, new_key(system, "--workspace", "elsewhere")) as stranger:
        assert stranger.get(path).status_code == 404
    assert system.client.get("/api/jobs/1/events").status_code == 404
    assert system.client.head(path).status_code == 200


def test_who_goes_away_is_watched_for_no_longer(system: System, endless: dict[str, Any]) -> None:
    channel = f"linkmill:progress:{endless['id']}"
    with faults.connect_to_broker(system) as broker:

        def processes() -> int:
            return int(broker.pubsub_numsub(channel)[0][1])

        wait_until(lambda: not processes(), what="earlier watchers to leave")
        with client(system, system.key) as other, other.stream("GET", endless["links"]["events"]) as answer:
            next(read(answer.iter_lines()))
            assert processes() == 1
        wait_until(lambda: not processes(), what="the place to be free")


def test_many_who_watch_one_job_are_all_told_and_links_still_lead_on(system: System, endless: dict[str, Any]) -> None:
    (slug,) = system.sql(f"SELECT slug FROM items WHERE job_id = {endless['id']}")[0]
    streams = []
    try:
        for _ in range(100):
            one = client(system, system.key)
            answer = one.send(one.build_request("GET", endless["links"]["events"]), stream=True)
            lines = answer.iter_lines()
            assert next(read(lines)).name == "progress"
            streams.append((one, answer, lines))
        assert httpx.get(f"{system.url}/{slug}").status_code == 302
        change(system, f"UPDATE jobs SET total = 1 WHERE id = {endless['id']}")  # the sweep ends it
        for _, _, lines in streams:
            assert [event.name for event in read(lines)][-1] == "done"
    finally:
        for one, answer, _ in streams:
            answer.close()
            one.close()


def test_there_are_threads_for_others_when_every_place_is_taken() -> None:
    found = re.search(r"--blocking-threads (\d+)", (ROOT / "Procfile").read_text())
    assert found
    assert int(found[1]) - waiting.MAX_STREAMS - waiting.MAX_WAITERS >= 64


@pytest.fixture
def watcher(owner: Owner) -> Iterator[FlaskClient]:
    """Somebody in this very process, which has neither broker nor workers."""
    with store.write() as db:
        made = keys.create(db, "default", "enterprise", "watcher", list(keys.Scope))
    with shared_app().test_client() as browser:
        browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {made['token']}"
        yield browser


def waiting_job(owner: Owner) -> int:
    return accept(Upload("csv", "csv", [b"url\nhttps://a.b\n"]), owner, lambda: Options())


def test_without_a_broker_the_end_is_seen_all_the_same(watcher: FlaskClient, owner: Owner) -> None:
    job_id = waiting_job(owner)
    answer = watcher.get(f"/api/jobs/{job_id}/events", buffered=False)
    events = read(line for part in answer.response for line in part.decode().split("\n")[:-1])  # type: ignore[union-attr]
    assert next(events).job["status"] == "queued"
    with store.read() as db:
        job = jobs.get(db, job_id)
    assert job
    control.cancel(job)
    assert [(event.name, event.job["status"]) for event in events][-1] == ("done", "cancelled")
    answer.close()
    wait_until(lambda: not watchers.watches, what="the watch to end")


def test_who_finds_no_place_is_told_to_come_again(
    watcher: FlaskClient, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "stream_slots", Places(total=1, each=1))
    path = f"/api/jobs/{waiting_job(owner)}/events"
    first = watcher.get(path, buffered=False)
    refused = watcher.get(path)
    assert (refused.status_code, refused.json["code"]) == (503, "UNAVAILABLE")  # type: ignore[index]
    assert int(refused.headers["Retry-After"]) >= 1
    first.close()
    second = watcher.get(path, buffered=False)
    assert second.status_code == 200
    second.close()
    wait_until(lambda: not watchers.watches, what="the watch to end")
