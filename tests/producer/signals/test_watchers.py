"""Watched jobs: one subscription for all watchers of a job, which receive each change."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from unittest.mock import Mock, create_autospec

import pytest
from sqlalchemy.exc import OperationalError

from models import store
from models.jobs import jobs
from producer.signals import waiting, watchers
from producer.signals.watchers import Snapshot
from tests.fixtures.fake_redis import FakeRedis
from tests.waiting import wait_until

JOB_ID = 77
LONG = 20.0


class Job:
    """What the database returns for the watched job."""

    etag = '"1"'
    has_ended = False


@pytest.fixture
def job() -> Job:
    return Job()


@pytest.fixture
def read_job(job: Job, fake_redis: FakeRedis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mock]:
    """Read a job from memory, and let every watch end after the test."""
    read_job: Mock = create_autospec(jobs.get, return_value=job)
    monkeypatch.setattr(jobs, "get", read_job)
    monkeypatch.setattr(store, "read", lambda: nullcontext())
    monkeypatch.setattr(watchers, "job_etag", lambda job: job.etag)
    monkeypatch.setattr(watchers, "take_snapshot", lambda job: Snapshot(job.etag, job.has_ended, b"{}"))
    yield read_job
    wait_until(lambda: not watchers.watches, what="every watch to end")


def test_a_new_watcher_receives_the_job_as_it_is(read_job: Mock) -> None:
    watch = watchers.join(JOB_ID)
    assert watch.wait_for_news("", LONG) == ('"1"', False, b"{}")
    watch.leave()


def test_a_change_reaches_every_watcher_with_one_read(job: Job, read_job: Mock) -> None:
    watches = [watchers.join(JOB_ID) for _ in range(10)]
    assert len(set(map(id, watches))) == 1
    for watch in watches:
        watch.wait_for_news("", LONG)
    reads = read_job.call_count
    with ThreadPoolExecutor(10) as pool:
        pending = [pool.submit(watch.wait_for_news, '"1"', LONG) for watch in watches]
        job.etag = '"2"'
        waiting.announce_end(JOB_ID)
        for one in pending:
            news = one.result(LONG)
            assert news
            assert news.etag == '"2"'
    assert read_job.call_count <= reads + 2
    for watch in watches:
        watch.leave()


def test_without_a_change_there_is_no_news(read_job: Mock) -> None:
    watch = watchers.join(JOB_ID)
    watch.wait_for_news("", LONG)
    assert watch.wait_for_news('"1"', 0.05) is None
    watch.leave()


def test_a_watch_without_watchers_ends_and_the_next_watcher_gets_another(read_job: Mock) -> None:
    first = watchers.join(JOB_ID)
    first.leave()
    wait_until(lambda: first.closed, what="the watch to end")
    second = watchers.join(JOB_ID)
    assert second is not first
    second.leave()


def test_the_watch_of_a_deleted_job_ends_for_all(read_job: Mock) -> None:
    watch = watchers.join(JOB_ID)
    watch.wait_for_news("", LONG)
    read_job.return_value = None
    waiting.announce_end(JOB_ID)
    wait_until(lambda: watch.closed, what="the watch to end")
    assert watch.wait_for_news('"1"', LONG) is None
    watch.leave()


def test_a_watch_goes_on_after_the_database_was_away(job: Job, read_job: Mock) -> None:
    watch = watchers.join(JOB_ID)
    watch.wait_for_news("", LONG)
    read_job.side_effect = OperationalError("SELECT", None, Exception())
    reads = read_job.call_count
    waiting.announce_end(JOB_ID)
    wait_until(lambda: read_job.call_count > reads, what="a read that fails")
    read_job.side_effect = None
    job.etag = '"2"'
    news = watch.wait_for_news('"1"', LONG)
    assert news
    assert news.etag == '"2"'
    watch.leave()


def test_a_watch_works_while_the_broker_is_away(job: Job, read_job: Mock, fake_redis: FakeRedis) -> None:
    with fake_redis.away():
        watch = watchers.join(JOB_ID)
        watch.wait_for_news("", LONG)
        job.etag = '"2"'
        assert watch.wait_for_news('"1"', LONG)
        watch.leave()


def test_streams_have_slots_of_their_own() -> None:
    assert waiting.wait_slots is not waiting.stream_slots
