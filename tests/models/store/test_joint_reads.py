"""Threads that look something up at the same moment share queries, and each gets its own answer."""

import gc
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Barrier

import pytest

from models.store import joint_reads
from models.store.joint_reads import JointReads, Question
from tests.waiting import wait_until


class SlowStore:
    """Squares, read by queries that the test lets through one by one."""

    def __init__(self) -> None:
        self.queries = SimpleQueue[Collection[int]]()
        self.permits = SimpleQueue[Exception | None]()

    def read(self, keys: Collection[int]) -> dict[int, int]:
        self.queries.put(keys)
        error = self.permits.get(timeout=10)
        if error:
            raise error
        return {key: key * key for key in keys if key > 0}


def wait_for_waiting(reads: JointReads[int, int], count: int) -> None:
    wait_until(lambda: len(reads.waiting) == count, 10, lambda: f"{count} threads to wait")


def test_threads_that_come_during_a_query_share_the_next_one() -> None:
    store = SlowStore()
    reads = JointReads(store.read, most_queries=1)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(reads.find, 2)
        assert set(store.queries.get(timeout=10)) == {2}
        others = [threads.submit(reads.find, key) for key in (3, 4, 3, -1)]
        wait_for_waiting(reads, 4)
        store.permits.put(None)
        assert set(store.queries.get(timeout=10)) == {3, 4, -1}
        store.permits.put(None)
        assert first.result(10) == 4
        assert [other.result(10) for other in others] == [9, 16, 9, None]
        store.permits.put(None)
        assert reads.find(5) == 25
        assert set(store.queries.get(timeout=10)) == {5}


def test_as_many_queries_run_at_once_as_there_may() -> None:
    store = SlowStore()
    reads = JointReads(store.read, most_queries=2)
    with ThreadPoolExecutor(8) as threads:
        results = []
        for key in (2, 3):
            results.append(threads.submit(reads.find, key))
            store.queries.get(timeout=10)
        results.append(threads.submit(reads.find, 4))
        wait_for_waiting(reads, 1)
        for _ in range(3):
            store.permits.put(None)
        assert [result.result(10) for result in results] == [4, 9, 16]


def test_an_error_reaches_every_thread_of_the_query_and_no_other() -> None:
    store = SlowStore()
    reads = JointReads(store.read, most_queries=1)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(reads.find, 2)
        store.queries.get(timeout=10)
        others = [threads.submit(reads.find, key) for key in (3, 4)]
        wait_for_waiting(reads, 2)
        for permit in (None, ConnectionError("gone"), None):
            store.permits.put(permit)
        assert first.result(10) == 4
        for other in others:
            with pytest.raises(ConnectionError):
                other.result(10)
        assert reads.find(5) == 25


def test_one_query_is_for_a_bounded_number_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint_reads, "MOST_KEYS", 3)
    store = SlowStore()
    reads = JointReads(store.read, most_queries=1)
    with ThreadPoolExecutor(16) as threads:
        results = [threads.submit(reads.find, 1)]
        store.queries.get(timeout=10)
        results += [threads.submit(reads.find, key) for key in range(2, 10)]
        wait_for_waiting(reads, 8)
        sizes = []
        for _ in range(4):
            store.permits.put(None)
        for _ in range(3):
            sizes.append(len(store.queries.get(timeout=10)))
        assert [result.result(10) for result in results] == [key * key for key in range(1, 10)]
    assert sizes == [3, 3, 2]


def test_a_question_leaves_nothing_to_the_garbage_collector() -> None:
    reads = JointReads(lambda keys: {key: -key for key in keys}, most_queries=1)
    gc.collect()
    gc.disable()
    try:
        for key in range(100):
            assert reads.find(key) == -key
        questions = [thing for thing in gc.get_objects() if isinstance(thing, Question)]
    finally:
        gc.enable()
    assert questions == []


def test_many_threads_get_their_own_answers() -> None:
    reads = JointReads(lambda keys: {key: -key for key in keys}, most_queries=2)
    begin = Barrier(16)

    def look_up(first: int) -> int:
        begin.wait(10)
        return sum(reads.find(key) == -key for key in range(first, first + 500))

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(look_up, range(0, 8000, 500))) == 8000
    assert reads.free_queries == 2
