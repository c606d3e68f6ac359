"""Clicks: written as counts, asked for as sums."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, select
from sqlalchemy.sql.functions import Function

from models import store
from models.link_key import Key, among
from models.tables import click_batches, clicks, uses

MOST_LISTED = 50
DAYS = 365
LINK = (clicks.c.domain_id, clicks.c.slug, clicks.c.generation)


class Counted(NamedTuple):
    """So many clicks of one kind."""

    domain_id: int
    slug: str
    generation: int
    day: date
    bot: bool
    device: str
    country: str
    referrer: str
    job_id: int
    times: int


COLUMNS = (*Counted._fields[:-1], "count")


class Clicks(NamedTuple):
    """Clicks of a link. What bots did stands apart, and is in no other figure."""

    total: int
    bots: int
    days: list[tuple[date, int]]
    referrers: list[tuple[str, int]]
    devices: list[tuple[str, int]]
    countries: list[tuple[str, int]]


class Summed(NamedTuple):
    """Clicks of a whole job, without those of bots."""

    total: int
    days: list[tuple[date, int]]


def add(db: Connection, rows: Iterable[Counted]) -> None:
    """In the order of their keys: two that add at the same time then never wait for one another crosswise."""
    sums: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        sums[row[:-1]] += row.times
    if sums:
        order = sorted(sums)
        lists = [list(column) for column in zip(*order, strict=True)] + [[sums[key] for key in order]]
        store.dialect().bulk_add(db, clicks, dict(zip(COLUMNS, lists, strict=True)), "count")


def first_time(db: Connection, batch: str) -> bool:
    """Notes a batch; False when it was noted before."""
    row = {"id": batch, "drained_at": store.dialect().clock()}
    new = store.dialect().insert(click_batches).values(row).on_conflict_do_nothing()
    return db.execute(new.returning(click_batches.c.id)).first() is not None


def stale(db: Connection, seconds: float) -> bool:
    """Whether there are batches that were written so long ago that they cannot come again."""
    return db.execute(select(click_batches.c.id).where(_older(seconds)).limit(1)).first() is not None


def forget_batches(db: Connection, seconds: float) -> None:
    db.execute(delete(click_batches).where(_older(seconds)))


def of_link(db: Connection, domain_id: int, slug: str, generation: int) -> Clicks:
    this = (clicks.c.domain_id == domain_id, clicks.c.slug == slug, clicks.c.generation == generation)
    people = (*this, clicks.c.bot.is_(False))
    return Clicks(
        total=_sum(db, *people),
        bots=_sum(db, *this, clicks.c.bot.is_(True)),
        days=_by_day(db, *people),
        referrers=_by(db, clicks.c.referrer, *people),
        devices=_by(db, clicks.c.device, *people),
        countries=_by(db, clicks.c.country, *people),
    )


def of_job(db: Connection, job_id: int) -> Summed:
    people = (clicks.c.job_id == job_id, clicks.c.bot.is_(False))
    return Summed(_sum(db, *people), _by_day(db, *people))


def totals(db: Connection, keys: Collection[Key]) -> dict[Key, int]:
    """Clicks of each of these links that has any, without those of bots."""
    if not keys:
        return {}
    query = select(*LINK, _count()).where(among(clicks, keys), clicks.c.bot.is_(False)).group_by(*LINK)
    return {(domain_id, slug, generation): int(count) for domain_id, slug, generation, count in db.execute(query)}


def forget(db: Connection, domain_id: int, slug: str, generation: int) -> None:
    """What was counted of a link that is deleted."""
    for table in (clicks, uses):
        this = (table.c.domain_id == domain_id, table.c.slug == slug, table.c.generation == generation)
        db.execute(delete(table).where(*this))


def _older(seconds: float) -> ColumnElement[bool]:
    return click_batches.c.drained_at < store.dialect().clock() - seconds


def _sum(db: Connection, *where: ColumnElement[bool]) -> int:
    return int(db.execute(select(func.coalesce(_count(), 0)).where(*where)).scalar_one())


def _by_day(db: Connection, *where: ColumnElement[bool]) -> list[tuple[date, int]]:
    """The days that had any, the oldest first."""
    since = datetime.now(UTC).date() - timedelta(days=DAYS)
    query = select(clicks.c.day, _count()).where(*where, clicks.c.day > since)
    return [(day, int(count)) for day, count in db.execute(query.group_by(clicks.c.day).order_by(clicks.c.day))]


def _by(db: Connection, column: Any, *where: ColumnElement[bool]) -> list[tuple[str, int]]:
    query = select(column, _count()).where(*where).group_by(column).order_by(_count().desc(), column)
    return [(value, int(count)) for value, count in db.execute(query.limit(MOST_LISTED))]


def _count() -> Function[int]:
    return func.sum(clicks.c.count)
