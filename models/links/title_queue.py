"""Links whose titles have still to be fetched from where they lead."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, tuple_, update

from models import store
from models.store import Columns
from models.tables import links, untitled

LEASE_SECONDS = 15.0  # three times what a fetch may take
MOST_AT_ONCE = 8  # so that pages which hang leave room for webhooks
MOST_AT_ONCE_A_HOST = 2
MOST_ATTEMPTS = 2
LOCK = "untitled"
FIRST = ""

Untitled = Row[*tuple[Any, ...]]


def add(db: Connection, columns: Columns, rows: int) -> None:
    store.dialect().bulk_insert(db, untitled, columns, rows)


def claim(db: Connection, after: str) -> Untitled | None:
    """The next link to fetch a title for. Hosts take turns, from the one behind `after`; a busy one is passed over."""
    store.dialect().lock(db, LOCK)
    now = store.dialect().clock()
    leased = list(db.execute(select(untitled.c.host).where(untitled.c.leased_until > now)).scalars())
    busy = {host for host in leased if leased.count(host) >= MOST_AT_ONCE_A_HOST}
    if len(leased) >= MOST_AT_ONCE:
        return None
    host = _next_host(db, after, busy) or _next_host(db, FIRST, busy)
    if host is None:
        return None
    free = (untitled.c.host == host, untitled.c.leased_until <= now)
    row = db.execute(select(untitled).where(*free).order_by(untitled.c.leased_until).limit(1)).one()
    taken = {"leased_until": now + LEASE_SECONDS, "attempts": untitled.c.attempts + 1}
    db.execute(update(untitled).where(*_same(row)).values(taken))
    return row


def _next_host(db: Connection, after: str, busy: set[str]) -> str | None:
    """From host to host by the index: a host may have a million links, and is one step all the same."""
    free = untitled.c.leased_until <= store.dialect().clock()
    while True:
        found = db.execute(select(func.min(untitled.c.host)).where(untitled.c.host > after, free)).scalar()
        if found is None or found not in busy:
            return found
        after = found


def settle(db: Connection, row: Untitled, title: str | None) -> None:
    """Gives the link its title, unless it has one by now or is another link."""
    db.execute(delete(untitled).where(*_same(row)))
    same = (links.c.domain_id == row.domain_id, links.c.slug == row.slug, links.c.generation == row.generation)
    if title:
        db.execute(update(links).where(*same, links.c.title.is_(None)).values(title=title))


def forget(db: Connection, domain_id: int, slug: str, generation: int) -> None:
    """For a link that needs no title from its page any more."""
    this = (untitled.c.domain_id == domain_id, untitled.c.slug == slug, untitled.c.generation == generation)
    db.execute(delete(untitled).where(*this))


def lead_to(db: Connection, key: tuple[int, str, int], url: str, host: str) -> None:
    """The title of a link that waits for one comes from where it leads now."""
    this = tuple_(untitled.c.domain_id, untitled.c.slug, untitled.c.generation) == key
    db.execute(update(untitled).where(this).values(url=url, host=host))


def waiting(db: Connection) -> bool:
    query = select(untitled.c.slug).where(untitled.c.leased_until <= store.dialect().clock()).limit(1)
    return db.execute(query).first() is not None


def left(db: Connection, job_id: int) -> bool:
    """Whether some of a job's titles are still to come."""
    return db.execute(select(untitled.c.slug).where(untitled.c.job_id == job_id).limit(1)).first() is not None


def _same(row: Untitled) -> tuple[Any, ...]:
    return (untitled.c.domain_id == row.domain_id, untitled.c.slug == row.slug, untitled.c.generation == row.generation)
