"""What clients and receivers of webhooks were told, and how to look it up on what a power cut left."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, TextClause, text

GONE = None


class Fact(NamedTuple):
    """Something that can be told. `kind` is a key of CHECKS."""

    kind: str
    key: Any


class Ledger:
    """The facts that somebody was told, and what requests under way may change about them."""

    def __init__(self) -> None:
        self.facts: dict[Fact, Any] = {}
        self.under_way: dict[Fact, list[Any]] = defaultdict(list)
        self.count = 0
        """How often something was told."""
        self.lock = threading.RLock()
        """Who holds it keeps clients from learning anything, and from beginning to change anything."""

    def record(self, fact: Fact, value: Any = True) -> None:
        with self.lock:
            self.facts[fact] = value
            self.count += 1

    @contextmanager
    def changing(self, fact: Fact, value: Any) -> Iterator[None]:
        """Around a request that changes a fact: until it is answered, both values are right, and then the new one."""
        with self.lock:
            self.under_way[fact].append(value)
        yield
        with self.lock:
            self.record(fact, value)
            self.under_way[fact].remove(value)

    def find_lost(self, db: Connection, uploads: Path) -> list[str]:
        """Return what was told and is not true."""
        lost = []
        for fact, value in self.facts.items():
            try:
                CHECKS[fact.kind](Look(db, uploads, fact.key), value, self.under_way.get(fact, []))
            except AssertionError as error:
                lost.append(f"{fact.kind} {fact.key}: {value!r} was told, {error}")
        return lost


class Look(NamedTuple):
    """Where a fact is looked up."""

    db: Connection
    uploads: Path
    key: Any

    def first(self, query: TextClause) -> Row[Any] | None:
        return self.db.execute(query, {"key": self.key}).first()


def check_link(look: Look, title: str | None, under_way: list[str | None]) -> None:
    row = look.first(TITLE)
    actual = row.title if row else GONE
    assert actual in (title, *under_way), f"but it is {actual!r}"


def check_job(look: Look, upload: int, _: object) -> None:
    """A job that was accepted exists, and as long as it is not finished its upload is complete."""
    job = look.first(JOB)
    assert job, "but it is lost"
    if job.status in ("queued", "running"):
        path = look.uploads / job.upload
        assert path.exists(), "but its upload is lost"
        assert path.stat().st_size == upload, f"but its upload has {path.stat().st_size} bytes"


def check_end(look: Look, end: tuple[str, int], _: object) -> None:
    job = look.first(JOB)
    assert job, "but it is lost"
    actual = (job.status, job.created)
    assert actual == end, f"but it is {actual}"


def check_items(look: Look, slugs: list[str], _: object) -> None:
    actual = list(look.db.execute(ITEMS, {"key": look.key, "count": len(slugs)}).scalars())
    assert actual == slugs, f"but they are {actual}"
    assert look.db.execute(LINKS_OF_JOB, {"key": look.key}).scalar_one() >= len(slugs), "but links are lost"


def check_cancelled(look: Look, _value: object, _: object) -> None:
    job = look.first(JOB)
    assert job, "but it is lost"
    assert job.cancelled_at or job.status == "completed", f"but it is {job.status}"


def check_uses(look: Look, uses: int, _: object) -> None:
    row = look.first(USES)
    actual = row.used if row else 0
    assert actual >= uses, f"but it is {actual}"


def check_key(look: Look, _value: object, _: object) -> None:
    assert look.first(KEY), "but it is lost"


CHECKS: dict[str, Callable[[Look, Any, list[Any]], None]] = {
    "link": check_link,
    "job": check_job,
    "end": check_end,
    "webhook": check_end,
    "items": check_items,
    "cancelled": check_cancelled,
    "uses": check_uses,
    "key": check_key,
}
TITLE = text("SELECT title FROM links WHERE slug = :key")
JOB = text("SELECT status, created, upload, cancelled_at FROM jobs WHERE id = :key")
ITEMS = text('SELECT slug FROM items WHERE job_id = :key ORDER BY "index" LIMIT :count')
LINKS_OF_JOB = text("SELECT count(*) FROM links WHERE job_id = :key")
USES = text("SELECT used FROM uses WHERE slug = :key")
KEY = text("SELECT id FROM keys WHERE id = :key")
