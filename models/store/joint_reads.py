"""Joint reads: what is looked up while a query is under way is read by the next one, together."""

from collections.abc import Callable, Mapping, Set
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

import structlog

K = TypeVar("K")
V = TypeVar("V")

MOST_KEYS = 100  # in one query

log = structlog.get_logger()

Answer = Callable[[V | None, Exception | None], object]
"""What to do with a value, or with the error of its query."""


class Question(NamedTuple, Generic[K, V]):
    key: K
    answer: Answer[V]


class JointReads(Generic[K, V]):
    """Looks up values by key, with one query at a time.

    A thread that asks while none reads goes on reading until no question is left. All others leave their question and
    return: no thread waits for another one.
    """

    def __init__(self, read: Callable[[Set[K]], Mapping[K, V]]) -> None:
        self.read = read
        self.questions: list[Question[K, V]] = []
        self.is_reading = False
        self.lock = Lock()

    def ask(self, key: K, answer: Answer[V]) -> None:
        """Look up a key. The answer is given in this thread or in another one."""
        with self.lock:
            self.questions.append(Question(key, answer))
            if self.is_reading:
                return
            self.is_reading = True
        while batch := self._take_batch():
            self._answer_all(batch)

    def _take_batch(self) -> list[Question[K, V]]:
        with self.lock:
            batch = self.questions[:MOST_KEYS]
            del self.questions[:MOST_KEYS]
            self.is_reading = bool(batch)
        return batch

    def _answer_all(self, batch: list[Question[K, V]]) -> None:
        values, failure = self._read({question.key for question in batch})
        for question in batch:
            try:
                question.answer(values.get(question.key), failure)
            except Exception as error:  # the other questions have to be answered too
                log.error("answer_failed", exc_info=error)

    def _read(self, keys: Set[K]) -> tuple[Mapping[K, V], Exception | None]:
        try:
            return self.read(keys), None
        except Exception as error:
            return {}, error
