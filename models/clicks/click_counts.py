"""Click counts: written as sums of clicks of one kind, read as totals and charts."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select

from models import store
from models.link_key import LinkKey, columns_of, rows_of, rows_of_slugs
from models.tables import click_batches, clicks, job_clicks, uses

MOST_LISTED = 50
CHART_DAYS = 365
JOB_KEY = ("job_id", "day", "device", "country", "referrer")


class ClickCount(NamedTuple):
    """How often one link was clicked in one way on one day."""

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


class LinkClicks(NamedTuple):
    """Clicks of a link. Those of bots are in `bots` and in no other figure."""

    total: int
    bots: int
    days: list[tuple[date, int]]
    referrers: list[tuple[str, int]]
    devices: list[tuple[str, int]]
    countries: list[tuple[str, int]]


class JobClicks(NamedTuple):
    """Clicks of all links of a job, without those of bots."""

    total: int
    days: list[tuple[date, int]]
    referrers: list[tuple[str, int]]
    devices: list[tuple[str, int]]
    countries: list[tuple[str, int]]


def add(db: Connection, counts: Iterable[ClickCount]) -> None:
    """Add counts to those that are stored."""
    of_links: Counter[tuple[Any, ...]] = Counter()
    of_jobs: Counter[tuple[Any, ...]] = Counter()
    for count in counts:
        of_links[count[:-1]] += count.times
        if not count.bot:
            of_jobs[(count.job_id, count.day, count.device, count.country, count.referrer)] += count.times
    _add_sums(db, clicks, ClickCount._fields[:-1], of_links)
    _add_sums(db, job_clicks, JOB_KEY, of_jobs)


def _add_sums(db: Connection, table: Table, names: Sequence[str], sums: Mapping[tuple[Any, ...], int]) -> None:
    if not sums:
        return
    keys = sorted(sums)  # in the order of their keys: two transactions that add the same rows then never deadlock
    columns: dict[str, list[Any]] = dict(zip(names, map(list, zip(*keys, strict=True)), strict=True))
    columns["count"] = [sums[key] for key in keys]
    store.dialect().bulk_add_counts(db, table, columns, "count")


def record_batch(db: Connection, batch_id: str) -> bool:
    """Record that a batch is counted; return False when it was recorded before."""
    row = {"id": batch_id, "drained_at": store.dialect().clock()}
    insert = store.dialect().insert(click_batches).values(row).on_conflict_do_nothing()
    return db.execute(insert.returning(click_batches.c.id)).first() is not None


def has_old_batches(db: Connection, seconds: float) -> bool:
    """Whether batches were recorded so long ago that they cannot come a second time."""
    return db.execute(select(click_batches.c.id).where(_is_older(seconds)).limit(1)).first() is not None


def remove_old_batches(db: Connection, seconds: float) -> None:
    db.execute(delete(click_batches).where(_is_older(seconds)))


def of_link(db: Connection, key: LinkKey, since: date = date.min) -> LinkClicks:
    """The clicks of a link from one day on."""
    of_link = and_(rows_of(clicks, key), clicks.c.day >= since)
    by_people = and_(of_link, clicks.c.bot.is_(False))
    return LinkClicks(
        total=_sum(db, clicks, by_people),
        bots=_sum(db, clicks, and_(of_link, clicks.c.bot.is_(True))),
        days=_by_day(db, clicks, by_people),
        referrers=_most_by(db, clicks.c.referrer, by_people),
        devices=_most_by(db, clicks.c.device, by_people),
        countries=_most_by(db, clicks.c.country, by_people),
    )


def of_job(db: Connection, job_id: int, since: date = date.min) -> JobClicks:
    """The clicks of all links of a job from one day on."""
    of_job = and_(job_clicks.c.job_id == job_id, job_clicks.c.day >= since)
    return JobClicks(
        total=_sum(db, job_clicks, of_job),
        days=_by_day(db, job_clicks, of_job),
        referrers=_most_by(db, job_clicks.c.referrer, of_job),
        devices=_most_by(db, job_clicks.c.device, of_job),
        countries=_most_by(db, job_clicks.c.country, of_job),
    )


def totals(db: Connection, keys: Collection[LinkKey]) -> dict[LinkKey, int]:
    """Clicks of each of these links that has any, without those of bots."""
    if not keys:
        return {}
    key = columns_of(clicks)
    query = (
        select(*key, func.sum(clicks.c.count))
        .where(rows_of_slugs(clicks, keys), clicks.c.bot.is_(False))
        .group_by(*key)
    )
    return {LinkKey(*columns): int(count) for *columns, count in db.execute(query)}


def remove(db: Connection, key: LinkKey) -> None:
    """Delete what was counted of a link, uses included. Its clicks stay among those of its job."""
    for table in (clicks, uses):
        db.execute(delete(table).where(rows_of(table, key)))


def _is_older(seconds: float) -> ColumnElement[bool]:
    return click_batches.c.drained_at < store.dialect().clock() - seconds


def _sum(db: Connection, table: Table, where: ColumnElement[bool]) -> int:
    return int(db.execute(select(func.coalesce(func.sum(table.c.count), 0)).where(where)).scalar_one())


def _by_day(db: Connection, table: Table, where: ColumnElement[bool]) -> list[tuple[date, int]]:
    """The days with clicks, the oldest first."""
    since = datetime.now(UTC).date() - timedelta(days=CHART_DAYS)
    query = select(table.c.day, func.sum(table.c.count)).where(where, table.c.day > since)
    query = query.group_by(table.c.day).order_by(table.c.day)
    return [(day, int(count)) for day, count in db.execute(query)]


def _most_by(db: Connection, column: Any, where: ColumnElement[bool]) -> list[tuple[str, int]]:
    """The most frequent values of a column."""
    count = func.sum(column.table.c.count)
    query = select(column, count).where(where).group_by(column)
    query = query.order_by(count.desc(), column).limit(MOST_LISTED)
    return [(value, int(count)) for value, count in db.execute(query)]
