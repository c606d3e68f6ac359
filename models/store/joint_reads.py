"""Joint reads: one query reads what several threads look up at the same moment, so that few of them wait."""

from collections.abc import Callable, Mapping, Set
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST_KEYS = 100  # in one query


class Question(Generic[K, V]):
    """What one thread looks up. Its lock is released when there is an answer, or a batch for this thread to read."""

    def __init__(self, key: K) -> None:
        self.key = key
        self.answer: V | None = None
        self.error: Exception | None = None
        self.batch: list[Question[K, V]] = []
        self.lock = Lock()
        self.lock.acquire()

    def take_batch(self) -> list["Question[K, V]"]:
        """Return the batch and forget it: it holds this question, and only the garbage collector ends a cycle.

        A collection of 100,000 objects keeps every thread of the process waiting for a sixth of a second.
        """
        batch = self.batch
        self.batch = []
        return batch


class JointReads(Generic[K, V]):
    """Looks up values by key. While enough queries are under way, threads wait for one that is for all of them."""

    def __init__(self, read: Callable[[Set[K]], Mapping[K, V]], most_queries: int) -> None:
        self.read = read
        self.free_queries = most_queries
        self.waiting: list[Question[K, V]] = []
        self.lock = Lock()

    def find(self, key: K) -> V | None:
        question: Question[K, V] = Question(key)
        if not self._begin(question):
            question.lock.acquire()
        if question.batch:
            self._read_batch(question.take_batch())
        if question.error:
            raise question.error
        return question.answer

    def _begin(self, question: Question[K, V]) -> bool:
        """Let a question wait, or read it at once. Return whether its thread does."""
        with self.lock:
            self.waiting.append(question)
            if not self.free_queries:
                return False
            self.free_queries -= 1
            question.batch = self._take_batch()
        return True

    def _take_batch(self) -> list[Question[K, V]]:
        batch = self.waiting[:MOST_KEYS]
        del self.waiting[:MOST_KEYS]
        return batch

    def _read_batch(self, batch: list[Question[K, V]]) -> None:
        try:
            answers = self.read({question.key for question in batch})
            for question in batch:
                question.answer = answers.get(question.key)
        except Exception as error:
            for question in batch:
                question.error = error
        self._pass_on()
        for question in batch:
            question.lock.release()

    def _pass_on(self) -> None:
        """Let the first thread that waits read the next batch."""
        with self.lock:
            batch = self._take_batch()
            if not batch:
                self.free_queries += 1
                return
            batch[0].batch = batch
        batch[0].lock.release()
