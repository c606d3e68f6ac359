"""Processes inside this one. Each stops before every transaction, so the steps of many can be mixed in any order.

No process ever stops within a transaction: the databases isolate those.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import greenlet
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from models import store
from models.errors import DuplicateKey, LinkmillError
from producer.intake import upload_store
from workers.shards import slug_pool
from workers.shards.slug_pool import SlugPool


class Killed(BaseException):
    """The process ends at once, as by kill -9: nothing that it would do from now on happens."""


class Failure(Exception):
    """A bug, or anything else that makes an attempt fail."""


class DatabaseAway(OperationalError):
    """The database does not answer. A commit that was sent may have been done."""

    def __init__(self) -> None:
        super().__init__("COMMIT", None, Exception("gone"), connection_invalidated=True)


Fault = type[Killed] | type[Failure] | type[DatabaseAway]

create_engine = store.engine.__wrapped__


class Memory:
    """What an operating system's process keeps from one call to the next: its connections, and slugs set aside."""

    def __init__(self) -> None:
        self.engine = create_engine()
        self.slugs = SlugPool()


memories: list[Memory] = []
"""Those of processes that have nothing to do at the moment."""


class Process:
    """A call that goes on transaction by transaction."""

    def __init__(self, name: str, call: Callable[[], Any], report: Callable[[Any], object] | None = None) -> None:
        self.name = name
        self.call = call
        self.report = report
        """Receives what the call returns."""
        self.transactions = 0
        """How many are open: a process stops only where there is none."""
        self.fault_after_commit: Fault | None = None
        self.is_dead = False
        self.memory = memories.pop() if memories else Memory()
        self.greenlet = greenlet.greenlet(self._run)
        self.greenlet.process = self
        self.step()

    @property
    def has_ended(self) -> bool:
        return bool(self.greenlet.dead)

    def step(self) -> None:
        """Go on until the next transaction is about to begin, or to the end."""
        self.greenlet.switch()

    def run(self) -> None:
        while not self.has_ended:
            self.step()

    def strike(self, fault: Fault) -> None:
        """Let a fault happen where the process is now: before its next transaction."""
        self.is_dead = fault is Killed
        self.greenlet.throw(fault())

    def strike_after_commit(self, fault: Fault) -> None:
        """Let a fault happen right after the next commit, before anything that follows it."""
        self.fault_after_commit = fault
        self.step()

    def _run(self) -> None:
        """Any other error than these is a bug, and reaches the test."""
        try:
            result = self.call()
            if self.report:
                self.report(result)
        except DuplicateKey:
            raise
        except Killed:
            self.memory.engine.dispose()  # the system closes its connections
            return
        except (Failure, LinkmillError):
            pass
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        memories.append(self.memory)


def current() -> Process | None:
    return getattr(greenlet.getcurrent(), "process", None)


def install(patch: pytest.MonkeyPatch) -> "Commits":
    """Make processes stop before each transaction."""
    memories.clear()  # that of another database
    commits = Commits(store.read, store.write)
    patch.setattr(store, "read", commits.read)
    patch.setattr(store, "write", commits.write)
    patch.setattr(upload_store, "delete", _unless_dead(upload_store.delete))
    patch.setattr(store, "engine", _own(lambda memory: memory.engine, store.engine))
    patch.setattr(slug_pool, "automatic_slugs", _own(lambda memory: memory.slugs, slug_pool.automatic_slugs))
    return commits


def _own(choose: Callable[[Memory], Any], shared: Callable[[], Any]) -> Callable[[], Any]:
    """Let a process have something of its own. What is outside any process has that of the test."""

    def choose_own() -> Any:
        process = current()
        return choose(process.memory) if process else shared()

    return choose_own


class Commits:
    """The transactions of every process. `count` grows with each commit."""

    def __init__(self, read: Any, write: Any) -> None:
        self.real_read = read
        self.real_write = write
        self.count = 0

    @contextmanager
    def read(self) -> Iterator[store.Connection]:
        with _transaction(current()), self.real_read() as db:
            yield db

    @contextmanager
    def write(
        self, lock_timeout: float | None = None, durable: bool = True, bulk: bool = False
    ) -> Iterator[store.Connection]:
        process = current()
        with _transaction(process), self.real_write(lock_timeout, durable, bulk) as db:
            yield db
        self.count += 1
        if process:
            _suffer(process)


@contextmanager
def _transaction(process: Process | None) -> Iterator[None]:
    if process is None:
        yield
        return
    if process.is_dead:
        raise Killed
    if not process.transactions:
        process.greenlet.parent.switch()
    process.transactions += 1
    try:
        yield
    finally:
        process.transactions -= 1


def _suffer(process: Process) -> None:
    fault = process.fault_after_commit
    process.fault_after_commit = None
    if fault:
        process.is_dead = fault is Killed
        raise fault


def _unless_dead(delete: Callable[[str], None]) -> Callable[[str], None]:
    def delete_upload(name: str) -> None:
        process = current()
        if not process or not process.is_dead:
            delete(name)

    return delete_upload
