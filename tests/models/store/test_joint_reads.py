"""What many look up at the same moment is read together, each gets their own answer, and nobody waits for another."""

import gc
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Barrier

import pytest

from models.store import joint_reads
from models.store.joint_reads import JointReads, Question


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


def negative(keys: Collection[int]) -> dict[int, int]:
    return {key: -key for key in keys}


def answer_to(future: Future[int | None]) -> Callable[[int | None, Exception | None], None]:
    def answer(value: int | None, failure: Exception | None) -> None:
        if failure:
            future.set_exception(failure)
        else:
            future.set_result(value)

    return answer


def ask(reads: JointReads[int, int], key: int) -> Future[int | None]:
    future: Future[int | None] = Future()
    reads.ask(key, answer_to(future))
    return future


def test_what_is_asked_during_a_query_is_read_by_the_next_one() -> None:
    store = SlowStore()
    reads = JointReads(store.read)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(ask, reads, 2)
        assert set(store.queries.get(timeout=10)) == {2}
        others = [ask(reads, key) for key in (3, 4, 3, -1)]  # none of them waits
        store.permits.put(None)
        assert set(store.queries.get(timeout=10)) == {3, 4, -1}
        store.permits.put(None)
        assert first.result(10).result(10) == 4
        assert [other.result(10) for other in others] == [9, 16, 9, None]
    store.permits.put(None)
    assert ask(reads, 5).result(0) == 25
    assert set(store.queries.get(timeout=10)) == {5}


def test_an_error_reaches_all_questions_of_the_query_and_no_other() -> None:
    store = SlowStore()
    reads = JointReads(store.read)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(ask, reads, 2)
        store.queries.get(timeout=10)
        others = [ask(reads, key) for key in (3, 4)]
        for permit in (None, ConnectionError("gone"), None):
            store.permits.put(permit)
        assert first.result(10).result(10) == 4
        for other in others:
            assert isinstance(other.exception(10), ConnectionError)
        assert ask(reads, 5).result(10) == 25


def test_an_answer_that_fails_takes_nobody_elses_answer() -> None:
    store = SlowStore()
    reads = JointReads(store.read)

    def fail(value: int | None, failure: Exception | None) -> None:
        raise ValueError("no such thread")

    with ThreadPoolExecutor(1) as threads:
        threads.submit(reads.ask, 2, fail)
        store.queries.get(timeout=10)
        reads.ask(3, fail)
        second = ask(reads, 3)
        store.permits.put(None)
        store.permits.put(None)
        assert second.result(10) == 9


def test_one_query_is_for_a_bounded_number_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint_reads, "MOST_KEYS", 3)
    store = SlowStore()
    reads = JointReads(store.read)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(reads.ask, 1, print)
        store.queries.get(timeout=10)
        results = [ask(reads, key) for key in range(2, 10)]
        for _ in range(4):
            store.permits.put(None)
        sizes = [len(store.queries.get(timeout=10)) for _ in range(3)]
        assert [result.result(10) for result in results] == [key * key for key in range(2, 10)]
    assert sizes == [3, 3, 2]


def test_a_question_leaves_nothing_to_the_garbage_collector() -> None:
    reads = JointReads(negative)
    gc.collect()
    gc.disable()
    try:
        for key in range(100):
            assert ask(reads, key).result(0) == -key
        questions = [thing for thing in gc.get_objects() if isinstance(thing, Question)]
    finally:
        gc.enable()
    assert questions == []


def test_every_question_of_many_threads_is_answered() -> None:
    reads = JointReads(negative)
    begin = Barrier(16)

    def look_up(first: int) -> list[Future[int | None]]:
        begin.wait(10)
        return [ask(reads, key) for key in range(first, first + 500)]

    with ThreadPoolExecutor(16) as threads:
        futures = [future for some in threads.map(look_up, range(0, 8000, 500)) for future in some]
    assert sorted(future.result(10) or 0 for future in futures) == sorted(-key for key in range(8000))
    assert not reads.is_reading
