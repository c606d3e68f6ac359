"""Click counts: written as sums of clicks of one kind, read as totals and charts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select

from models import store
from models.clicks import click_totals
from models.clicks.click_totals import OwnedKey
from models.link_key import LinkKey, rows_of
from models.tables import click_batches, clicks, job_clicks, jobs, link_clicks, links, uses, workspace_clicks

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


def add(db: Connection, counts: Sequence[ClickCount]) -> None:
    """Add counts to those that are stored, those of bots by link only.

    Clicks are left out that come after their link and its job were deleted: perhaps with their whole workspace.
    """
    of_jobs = _find_jobs(db, counts)
    workspaces = of_jobs | _find_owners(db, [count for count in counts if count.job_id not in of_jobs])
    by_kind: Counter[tuple[Any, ...]] = Counter()
    by_job: Counter[tuple[Any, ...]] = Counter()
    by_link: Counter[OwnedKey] = Counter()
    by_day: Counter[tuple[Any, ...]] = Counter()
    for count in counts:
        workspace_id = workspaces.get(count.job_id)
        if workspace_id is None:
            continue
        by_kind[count[:-1]] += count.times
        if count.bot:
            continue
        if count.job_id in of_jobs:
            by_job[count.job_id, count.day, count.device, count.country, count.referrer] += count.times
        by_link[count.domain_id, count.slug, count.generation, workspace_id] += count.times
        by_day[workspace_id, count.day] += count.times
    _add_sums(db, clicks, ClickCount._fields[:-1], by_kind)
    click_totals.add(db, by_link)
    _add_sums(db, job_clicks, JOB_KEY, by_job)
    _add_sums(db, workspace_clicks, ("workspace_id", "day"), by_day)


def _find_jobs(db: Connection, counts: Sequence[ClickCount]) -> dict[int, int]:
    """The workspaces of the jobs that created the links."""
    ids = list({count.job_id for count in counts})
    query = select(jobs.c.id, jobs.c.workspace_id).where(store.dialect().is_one_of(jobs.c.id, ids))
    return {row.id: row.workspace_id for row in db.execute(query)}


def _find_owners(db: Connection, counts: Sequence[ClickCount]) -> dict[int, int]:
    """The workspaces of jobs that were deleted, as their links have them."""
    slugs: dict[int, list[str]] = {}
    for count in counts:
        slugs.setdefault(count.domain_id, []).append(count.slug)
    workspaces: dict[int, int] = {}
    for domain_id, some in slugs.items():
        query = select(links.c.job_id, links.c.workspace_id).where(links.c.domain_id == domain_id)
        query = query.where(store.dialect().is_one_of(links.c.slug, some))
        workspaces.update({row.job_id: row.workspace_id for row in db.execute(query)})
    return workspaces


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
    """The clicks of a link. `since`: the first day of those that are listed by referrer, device and country."""
    of_link = rows_of(clicks, key)
    by_people = _by_day(db, clicks, and_(of_link, clicks.c.bot.is_(False)))
    recent = and_(of_link, clicks.c.bot.is_(False), clicks.c.day >= since)
    return LinkClicks(
        total=sum(by_people.values()),
        bots=sum(_by_day(db, clicks, and_(of_link, clicks.c.bot.is_(True))).values()),
        days=_last_days(by_people),
        referrers=_most_by(db, clicks.c.referrer, recent),
        devices=_most_by(db, clicks.c.device, recent),
        countries=_most_by(db, clicks.c.country, recent),
    )


def of_job(db: Connection, job_id: int, since: date = date.min) -> JobClicks:
    """The clicks of all links of a job. `since` as above."""
    of_job = job_clicks.c.job_id == job_id
    by_day = _by_day(db, job_clicks, of_job)
    recent = and_(of_job, job_clicks.c.day >= since)
    return JobClicks(
        total=sum(by_day.values()),
        days=_last_days(by_day),
        referrers=_most_by(db, job_clicks.c.referrer, recent),
        devices=_most_by(db, job_clicks.c.device, recent),
        countries=_most_by(db, job_clicks.c.country, recent),
    )


def remove(db: Connection, key: LinkKey) -> None:
    """Delete what was counted of a link, uses included. Its clicks stay among those of its job and workspace."""
    for table in (clicks, link_clicks, uses):
        db.execute(delete(table).where(rows_of(table, key)))


def _is_older(seconds: float) -> ColumnElement[bool]:
    return click_batches.c.drained_at < store.dialect().clock() - seconds


def _by_day(db: Connection, table: Table, where: ColumnElement[bool]) -> dict[date, int]:
    """The days with clicks, the oldest first."""
    query = select(table.c.day, func.sum(table.c.count)).where(where).group_by(table.c.day).order_by(table.c.day)
    return {day: int(count) for day, count in db.execute(query)}


def _last_days(by_day: Mapping[date, int]) -> list[tuple[date, int]]:
    """Those of a chart."""
    since = datetime.now(UTC).date() - timedelta(days=CHART_DAYS)
    return [(day, count) for day, count in by_day.items() if day > since]


def _most_by(db: Connection, column: Any, where: ColumnElement[bool]) -> list[tuple[str, int]]:
    """The most frequent values of a column."""
    count = func.sum(column.table.c.count)
    query = select(column, count).where(where).group_by(column)
    query = query.order_by(count.desc(), column).limit(MOST_LISTED)
    return [(value, int(count)) for value, count in db.execute(query)]
