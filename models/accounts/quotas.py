"""Quotas: how many links a workspace has created in the hour, in the day and in all, where its plan limits that.

A shard reserves the links that it may create in a small transaction of its own, and records the number in its row.
The shard's commit gives back what it did not use. So no shard waits for the end of another, and the reservation of a
worker that dies is given back with its shard.
Rows of `quotas` are the last that a transaction locks: one that changes a job too changes the job first.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, select, update

from models import store
from models.accounts.plans import Plan
from models.states import ACTIVE_STATES
from models.tables import links, quotas, shards


class Period(StrEnum):
    HOUR = "hour"
    DAY = "day"
    TOTAL = "total"


PERIOD_SECONDS = {Period.HOUR: 3_600, Period.DAY: 86_400}


class Reservation(NamedTuple):
    """Links that a shard may create. What it does not use goes back to the periods of `reserved_at`."""

    granted: int
    reserved_at: float


def limits(plan: Plan) -> dict[Period, int]:
    """The periods in which a plan limits links, and how many each allows."""
    numbers = {Period.HOUR: plan.links_per_hour, Period.DAY: plan.links_per_day, Period.TOTAL: plan.total_links}
    return {period: limit for period, limit in numbers.items() if limit}


def reserve(db: Connection, workspace_id: int, plan: Plan, count: int) -> Reservation:
    """Reserve as many of `count` links as there is room for."""
    now = _now(db)
    available = count
    for period, limit in limits(plan).items():
        used = _begin_period(db, workspace_id, period, now)
        available = min(available, limit - used)
    reserved = max(0, available)
    _add(db, workspace_id, reserved, now)
    return Reservation(reserved, now)


def give_back(db: Connection, workspace_id: int, count: int, reserved_at: float | None) -> None:
    """Return reserved links to those periods that have not ended since. `reserved_at` is None when there are none."""
    if reserved_at is not None:
        _add(db, workspace_id, -count, reserved_at)


def give_back_all(db: Connection, grants: Iterable[Any]) -> None:
    """Return what shards reserved that will not be worked on: workspace, count and time of each."""
    for workspace_id, count, reserved_at in grants:
        give_back(db, workspace_id, count, reserved_at)


def free(db: Connection, workspace_id: int, count: int) -> None:
    """Make room in the total for links that were deleted. The hour and the day stay as they are."""
    total = and_(quotas.c.workspace_id == workspace_id, quotas.c.period == Period.TOTAL)
    db.execute(update(quotas).where(total).values(used=quotas.c.used - count))


def usage(db: Connection, workspace_id: int, plan: Plan) -> dict[Period, int]:
    """How many links count in each period that the plan limits."""
    now = _now(db)
    counted: dict[str, int] = {}
    for row in db.execute(select(quotas).where(quotas.c.workspace_id == workspace_id)):
        if row.start == _start_of(row.period, now):
            counted[row.period] = row.used
    if plan.total_links and Period.TOTAL not in counted:
        counted[Period.TOTAL] = _count_links(db, workspace_id)
    return {period: counted.get(period, 0) for period in limits(plan)}


def room(db: Connection, workspace_id: int, plan: Plan) -> int:
    """How many links a limited plan still allows now. Nothing is reserved."""
    used = usage(db, workspace_id, plan)
    return min(limit - used[period] for period, limit in limits(plan).items())


def reset_totals(db: Connection, workspace_id: int | None = None) -> None:
    """Drop the totals of one or all workspaces, so that they are counted again when a plan next needs them.

    A plan without a limit on the total does not keep it up to date.
    """
    query = delete(quotas).where(quotas.c.period == Period.TOTAL)
    if workspace_id:
        query = query.where(quotas.c.workspace_id == workspace_id)
    db.execute(query)


def _begin_period(db: Connection, workspace_id: int, period: Period, now: float) -> int:
    """Start the current period if need be, and return what counts in it. Locks its row for the transaction."""
    this = and_(quotas.c.workspace_id == workspace_id, quotas.c.period == period)
    start = _start_of(period, now)
    is_current = quotas.c.start >= start  # also later than `now`: another transaction may have begun the next period
    values: dict[str, ColumnElement[int]] = {
        "start": case((is_current, quotas.c.start), else_=start),
        "used": case((is_current, quotas.c.used), else_=0),
    }
    begin = update(quotas).where(this).values(values).returning(quotas.c.used)
    used = db.execute(begin).scalar_one_or_none()
    if used is None:
        first_use = _count_links(db, workspace_id) if period == Period.TOTAL else 0
        row = {"workspace_id": workspace_id, "period": period, "start": start, "used": first_use}
        db.execute(store.dialect().insert(quotas).values(row).on_conflict_do_nothing())
        used = db.execute(begin).scalar_one()
    return int(used)


def _add(db: Connection, workspace_id: int, count: int, at: float) -> None:
    if not count:
        return
    for period in Period:  # always in this order: two transactions that lock the same rows then never deadlock
        this = and_(quotas.c.workspace_id == workspace_id, quotas.c.period == period)
        current = and_(this, quotas.c.start == _start_of(period, at))
        db.execute(update(quotas).where(current).values(used=quotas.c.used + count))


def _count_links(db: Connection, workspace_id: int) -> int:
    """Existing links, and those that shards have reserved and not created yet."""
    existing = select(func.count()).select_from(links).where(links.c.workspace_id == workspace_id)
    active_shards = and_(shards.c.workspace_id == workspace_id, shards.c.state.in_(ACTIVE_STATES))
    reserved = select(func.coalesce(func.sum(shards.c.granted), 0)).where(active_shards)
    return int(db.execute(select(existing.scalar_subquery() + reserved.scalar_subquery())).scalar_one())


def _start_of(period: str, at: float) -> int:
    """When the period that contains `at` began; the total began at 0."""
    if period == Period.TOTAL:
        return 0
    seconds = PERIOD_SECONDS[Period(period)]
    return int(at) // seconds * seconds


def _now(db: Connection) -> float:
    now: Any = db.execute(select(store.dialect().clock())).scalar_one()
    return float(now)
