"""Jobs accepted in this process, and a record of every step that follows their commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from models import store
from models.accounts.keys import Owner
from models.jobs import jobs
from models.jobs.jobs import Job
from producer.accept import Upload, accept
from producer.intake.layouts import CSV
from producer.job_options import Options
from producer.signals import waiting, wakeups


class Steps:
    """What was sent and signalled, in place of a broker and of Redis."""

    def __init__(self) -> None:
        self.tasks: list[str] = []
        self.ends: list[int] = []
        self.counters: list[str] = []
        self.progress: list[int] = []

    def send_task(self, task: str, queue: str, expires: float | None = None, **arguments: Any) -> bool:
        self.tasks.append(task)
        return True

    def announce_end(self, job_id: int, counter: str = "") -> None:
        self.ends.append(job_id)
        self.counters.append(counter)

    def announce_progress(self, job_id: int) -> None:
        self.progress.append(job_id)

    def clear(self) -> None:
        for record in (self.tasks, self.ends, self.counters, self.progress):
            record.clear()

    def is_empty(self) -> bool:
        return not (self.tasks or self.ends or self.counters or self.progress)


def record_steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    steps = Steps()
    monkeypatch.setattr(wakeups, "send_task", steps.send_task)
    monkeypatch.setattr(waiting, "announce_end", steps.announce_end)
    monkeypatch.setattr(waiting, "announce_progress", steps.announce_progress)
    return steps


def lose_next_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next transaction be committed, and the connection be lost before the answer arrives."""
    write = store.write

    @contextmanager
    def write_unanswered(
        lock_timeout: float | None = None, durable: bool = True, bulk: bool = False
    ) -> Iterator[store.Connection]:
        with write(lock_timeout, durable, bulk) as db:
            yield db
        monkeypatch.setattr(store, "write", write)
        raise OperationalError("COMMIT", None, Exception("lost"), connection_invalidated=True)

    monkeypatch.setattr(store, "write", write_unanswered)


def accept_csv(owner: Owner, text: str, **options: Any) -> int:
    """Accept an upload as the API does; return the job's id."""
    return accept(Upload(CSV, CSV, [text.encode()]), owner, lambda: Options(**options))


def read_job(job_id: int) -> Job:
    with store.read() as db:
        job = jobs.get(db, job_id)
    assert job
    return job
