"""Links whose titles have still to be fetched from where they lead."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from models import store
from models.store import Columns
from models.tables import links, untitled

LEASE_SECONDS = 15.0  # three times what a fetch may take
MOST_AT_ONCE = 8  # so that pages which hang leave room for webhooks
MOST_AT_ONCE_A_HOST = 2
MOST_ATTEMPTS = 2
LOCK = "untitled"

Untitled = Row[*tuple[Any, ...]]


def add(db: Connection, columns: Columns, rows: int) -> None:
    store.dialect().bulk_insert(db, untitled, columns, rows)


def claim(db: Connection) -> Untitled | None:
    """The next link to fetch a title for, of a host that is not busy."""
    store.dialect().lock(db, LOCK)
    now = store.dialect().clock()
    leased = select(untitled.c.host).where(untitled.c.leased_until > now)
    if db.execute(select(func.count()).select_from(leased.subquery())).scalar_one() >= MOST_AT_ONCE:
        return None
    busy = leased.group_by(untitled.c.host).having(func.count() >= MOST_AT_ONCE_A_HOST)
    query = select(untitled).where(untitled.c.leased_until <= now, untitled.c.host.not_in(busy))
    row = db.execute(query.order_by(untitled.c.leased_until, untitled.c.job_id).limit(1)).one_or_none()
    if row is not None:
        taken = {"leased_until": now + LEASE_SECONDS, "attempts": untitled.c.attempts + 1}
        db.execute(update(untitled).where(*_same(row)).values(taken))
    return row


def settle(db: Connection, row: Untitled, title: str | None) -> None:
    """Gives the link its title, unless it has one by now or is another link."""
    db.execute(delete(untitled).where(*_same(row)))
    same = (links.c.domain_id == row.domain_id, links.c.slug == row.slug, links.c.generation == row.generation)
    if title:
        db.execute(update(links).where(*same, links.c.title.is_(None)).values(title=title))


def waiting(db: Connection) -> bool:
    return (
        db.execute(select(untitled.c.slug).where(untitled.c.leased_until <= store.dialect().clock()).limit(1)).first()
        is not None
    )


def left(db: Connection, job_id: int) -> bool:
    """Whether some of a job's titles are still to come."""
    return db.execute(select(untitled.c.slug).where(untitled.c.job_id == job_id).limit(1)).first() is not None


def give_up(db: Connection) -> None:
    """A page that ended whoever fetched it, twice, is not fetched again."""
    late = (untitled.c.leased_until <= store.dialect().clock(), untitled.c.attempts >= MOST_ATTEMPTS)
    db.execute(delete(untitled).where(*late))


def _same(row: Untitled) -> tuple[Any, ...]:
    return (untitled.c.domain_id == row.domain_id, untitled.c.slug == row.slug, untitled.c.generation == row.generation)
