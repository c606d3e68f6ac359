"""Title queue: links whose titles are still to be fetched from the pages they lead to."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from models import store
from models.link_key import LinkKey, rows_of
from models.links.search import unindexed
from models.store import Columns, rows
from models.tables import links, untitled

LEASE_SECONDS = 15.0  # three times what a fetch may take
MOST_LEASED = 8  # so that pages which hang leave room for webhooks
MOST_LEASED_PER_HOST = 2
MOST_ATTEMPTS = 2
LOCK = "untitled"
BEFORE_ALL_HOSTS = ""


class UntitledLink(NamedTuple):
    """A link that waits for its title."""

    domain_id: int
    slug: str
    generation: int
    url: str
    host: str
    attempts: int

    @property
    def key(self) -> LinkKey:
        return LinkKey(self.domain_id, self.slug, self.generation)


def add(db: Connection, columns: Columns, count: int) -> None:
    store.dialect().bulk_insert(db, untitled, columns, count)


def claim(db: Connection, after_host: str) -> UntitledLink | None:
    """Lease the next link. Hosts take turns, beginning behind `after_host`; busy hosts are skipped."""
    store.dialect().lock(db, LOCK)
    leased_hosts = list(db.execute(select(untitled.c.host).where(_is_leased())).scalars())
    if len(leased_hosts) >= MOST_LEASED:
        return None
    busy_hosts = {host for host in leased_hosts if leased_hosts.count(host) >= MOST_LEASED_PER_HOST}
    host = _next_host(db, after_host, busy_hosts) or _next_host(db, BEFORE_ALL_HOSTS, busy_hosts)
    if host is None:
        return None
    query = select(*rows.columns(untitled, UntitledLink)).where(untitled.c.host == host, _is_free())
    link = rows.one(db, UntitledLink, query.order_by(untitled.c.leased_until).limit(1))
    lease = {"leased_until": store.dialect().clock() + LEASE_SECONDS, "attempts": untitled.c.attempts + 1}
    db.execute(update(untitled).where(rows_of(untitled, link.key)).values(lease))
    return link


def _next_host(db: Connection, after_host: str, busy_hosts: set[str]) -> str | None:
    """Step through the index from host to host: a host with a million links is one step all the same."""
    while True:
        query = select(func.min(untitled.c.host)).where(untitled.c.host > after_host, _is_free())
        host = db.execute(query).scalar()
        if host is None or host not in busy_hosts:
            return host
        after_host = host


def settle(db: Connection, link: UntitledLink, title: str | None) -> None:
    """Take a link off the queue, and give it the title unless it has one by now."""
    remove(db, link.key)
    if title:
        still_untitled = and_(rows_of(links, link.key), links.c.title.is_(None))
        if db.execute(update(links).where(still_untitled).values(title=title)).rowcount:
            unindexed.note_link(db, link.key)


def remove(db: Connection, key: LinkKey) -> None:
    """Take a link off the queue, if it is there."""
    db.execute(delete(untitled).where(rows_of(untitled, key)))


def change_url(db: Connection, key: LinkKey, url: str, host: str) -> None:
    """Fetch the title of a queued link from its new URL."""
    db.execute(update(untitled).where(rows_of(untitled, key)).values(url=url, host=host))


def has_free(db: Connection) -> bool:
    """Whether some link of the queue is not leased."""
    return db.execute(select(untitled.c.slug).where(_is_free()).limit(1)).first() is not None


def has_job(db: Connection, job_id: int) -> bool:
    """Whether some titles of a job are still to come."""
    return db.execute(select(untitled.c.slug).where(untitled.c.job_id == job_id).limit(1)).first() is not None


def _is_free() -> ColumnElement[bool]:
    return ~_is_leased()


def _is_leased() -> ColumnElement[bool]:
    """No lease lasts longer than one that begins now, unless the clock has been put back since."""
    now = store.dialect().clock()
    return untitled.c.leased_until.between(now, now + LEASE_SECONDS)
