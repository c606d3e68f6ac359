"""Jobs that clients of this process watch: all watchers of a job share one subscription, and one read per change."""

import time
from threading import Condition, Lock, Thread
from typing import NamedTuple

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from models import process_caches, store
from models.jobs import jobs
from producer.documents.job_document import job_document, job_etag
from producer.signals import waiting

log = structlog.get_logger()
watches: dict[int, "Watch"] = process_caches.container({})
watches_lock = Lock()


class Snapshot(NamedTuple):
    """A job as it was last read, encoded once for all of its watchers."""

    etag: str
    has_ended: bool
    body: bytes


class Watch:
    """A watched job; its thread lives until the last watcher has left."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        self.watchers = 0
        self.snapshot: Snapshot | None = None
        self.closed = False
        self.changed = Condition()

    def wait_for_news(self, etag: str, timeout: float) -> Snapshot | None:
        """Return the job once its ETag differs; None after the timeout, or when the watch closes."""
        with self.changed:
            self.changed.wait_for(lambda: self.closed or self._news(etag), timeout)
            return self._news(etag)

    def publish(self, snapshot: Snapshot) -> None:
        with self.changed:
            self.snapshot = snapshot
            self.changed.notify_all()

    def leave(self) -> None:
        with watches_lock:
            self.watchers -= 1

    def close(self) -> None:
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _news(self, etag: str) -> Snapshot | None:
        if self.snapshot is None or self.snapshot.etag == etag:
            return None
        return self.snapshot


def join(job_id: int) -> Watch:
    """Add a watcher to a job; the caller has to `leave` the watch."""
    with watches_lock:
        watch = watches.get(job_id)
        if watch is None:
            watch = Watch(job_id)
            watches[job_id] = watch
            Thread(target=_follow, args=(watch,), name=f"watch-{job_id}", daemon=True).start()
        watch.watchers += 1
        return watch


def take_snapshot(job: jobs.Job) -> Snapshot:
    """Encode a job for its watchers."""
    errors: dict[str, int] = {}
    if job.failed:
        with store.read() as db:
            errors = jobs.errors(db, job.id)
    return Snapshot(job_etag(job), job.has_ended, msgspec.json.encode(job_document(job, errors)))


def _follow(watch: Watch) -> None:
    """Publish a job's changes until nobody watches it or the job is deleted."""
    try:
        with waiting.ProgressSubscription(watch.job_id) as subscription:
            while _has_watchers(watch):
                read_at = time.monotonic()
                if not _publish_change(watch):
                    return
                subscription.wait(read_at)
    finally:
        _remove(watch)


def _has_watchers(watch: Watch) -> bool:
    """Check and remove under one lock, so that a watcher who joins now gets another watch."""
    with watches_lock:
        if not watch.watchers:
            watches.pop(watch.job_id, None)
        return bool(watch.watchers)


def _publish_change(watch: Watch) -> bool:
    """Publish the job if it has changed; return False when it is deleted. A database that is away may come back."""
    try:
        with store.read() as db:
            job = jobs.get(db, watch.job_id)
        if job is None:
            return False
        if watch.snapshot is None or watch.snapshot.etag != job_etag(job):
            watch.publish(take_snapshot(job))
    except SQLAlchemyError as error:
        log.warning("watched_job_unreadable", job=watch.job_id, reason=error)
    return True


def _remove(watch: Watch) -> None:
    with watches_lock:
        if watches.get(watch.job_id) is watch:
            del watches[watch.job_id]
    watch.close()
