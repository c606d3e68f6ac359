"""Jobs that somebody in this process watches: one subscription and one look a change for all who watch the same one."""

import time
from threading import Condition, Lock, Thread
from typing import NamedTuple

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from models import process_caches, store
from models.jobs import jobs, states
from producer.documents.job_document import job_document, job_etag
from producer.signals import waiting

log = structlog.get_logger()
watched: dict[int, "Watch"] = process_caches.container({})
door = Lock()


class Seen(NamedTuple):
    """What a look at a job showed, written out once for all."""

    etag: str
    ended: bool
    text: bytes


class Watch:
    """One job and those who watch it; its thread lives until the last of them has left."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        self.watchers = 0
        self.seen: Seen | None = None
        self.over = False
        self.changed = Condition()

    def after(self, known: str, seconds: float) -> Seen | None:
        """What the job has become since; None when it is the same for so long, or the watch is over."""
        with self.changed:
            self.changed.wait_for(lambda: self.over or self._news(known), seconds)
            return self._news(known)

    def leave(self) -> None:
        with door:
            self.watchers -= 1

    def tell(self, seen: Seen) -> None:
        with self.changed:
            self.seen = seen
            self.changed.notify_all()

    def end(self) -> None:
        with self.changed:
            self.over = True
            self.changed.notify_all()

    def _news(self, known: str) -> Seen | None:
        return self.seen if self.seen and self.seen.etag != known else None


def join(job_id: int) -> Watch:
    """Whoever joins has to leave."""
    with door:
        watch = watched.get(job_id)
        if watch is None:
            watch = watched[job_id] = Watch(job_id)
            Thread(target=_live, args=(watch,), name=f"watch-{job_id}", daemon=True).start()
        watch.watchers += 1
        return watch


def see(row: jobs.Job) -> Seen:
    with store.read() as db:
        errors = jobs.errors(db, row.id) if row.failed else {}
    return Seen(job_etag(row), row.status not in states.ACTIVE_STATUSES, msgspec.json.encode(job_document(row, errors)))


def _live(watch: Watch) -> None:
    try:
        with waiting.Signals(watch.job_id) as signals:
            while _wanted(watch):
                looked = time.monotonic()
                if not _look(watch):
                    break
                signals.next(looked)
    finally:
        _forget(watch)


def _look(watch: Watch) -> bool:
    """False when the job is gone. A database that is away may come back: then it goes on."""
    try:
        with store.read() as db:
            row = jobs.get(db, watch.job_id)
        if row is None:
            return False
        if watch.seen is None or watch.seen.etag != job_etag(row):
            watch.tell(see(row))
    except SQLAlchemyError as error:
        log.warning("watch_is_blind", job=watch.job_id, reason=error)
    return True


def _wanted(watch: Watch) -> bool:
    with door:
        if not watch.watchers:
            watched.pop(watch.job_id, None)
        return bool(watch.watchers)


def _forget(watch: Watch) -> None:
    """Whoever joins from now on gets another one; those who are still here go."""
    with door:
        if watched.get(watch.job_id) is watch:
            del watched[watch.job_id]
    watch.end()
