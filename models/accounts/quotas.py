"""Quotas: how many links a workspace has made in the hour, in the day and in all, where its plan limits that.

What a shard may make is set aside in a small transaction of its own and noted on the shard; the shard's commit gives
back what it did not use. So no shard waits for another one's end, and a worker that dies takes nothing with it.
Whoever changes a job too changes it first: rows of this table are the last that a transaction locks.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, select, update

from models import store
from models.accounts.plans import Plan
from models.jobs.states import ACTIVE_STATES
from models.tables import links, quotas, shards

SECONDS = {"hour": 3_600, "day": 86_400}
TOTAL = "total"


def limits(plan: Plan) -> dict[str, int]:
    """The periods in which a plan counts links, and how many each allows."""
    found = {"hour": plan.links_per_hour, "day": plan.links_per_day, TOTAL: plan.total_links}
    return {period: limit for period, limit in found.items() if limit}


def reserve(db: Connection, workspace_id: int, plan: Plan, wanted: int) -> tuple[int, float]:
    """Sets aside as many links as there is room for, at most `wanted`; says how many, and when."""
    now = _now(db)
    used = {period: _used(db, workspace_id, period, now) for period in limits(plan)}
    got = max(0, min([wanted, *(limit - used[period] for period, limit in limits(plan).items())]))
    _add(db, workspace_id, got, now)
    return got, now


def give_back(db: Connection, workspace_id: int, count: int, reserved_at: float | None) -> None:
    """Returns what was set aside at that time, if anything was, to the periods that have not ended since."""
    if reserved_at is not None:
        _add(db, workspace_id, -count, reserved_at)


def let_go(db: Connection, grants: Iterable[Any]) -> None:
    """Returns what shards have that nobody will look at: workspace, count and time of each."""
    for grant in grants:
        give_back(db, *grant)


def free(db: Connection, workspace_id: int, count: int) -> None:
    """Notes that links are gone: that makes room in the total, but takes nothing back from the hour or the day."""
    mine = and_(quotas.c.workspace_id == workspace_id, quotas.c.period == TOTAL)
    db.execute(update(quotas).where(mine).values(used=quotas.c.used - count))


def use(db: Connection, workspace_id: int, plan: Plan) -> dict[str, int]:
    """How many links count in each period that the plan limits."""
    now = _now(db)
    rows = db.execute(select(quotas).where(quotas.c.workspace_id == workspace_id)).all()
    known = {row.period: row.used for row in rows if row.start == _start(row.period, now)}
    missing = {TOTAL: _count(db, workspace_id)} if plan.total_links and TOTAL not in known else {}
    return {period: (known | missing).get(period, 0) for period in limits(plan)}


def forget_totals(db: Connection, workspace_id: int | None = None) -> None:
    """Totals, or one, are counted anew when next asked for: a plan without a total does not keep them up."""
    mine = quotas.c.workspace_id == workspace_id
    db.execute(delete(quotas).where(quotas.c.period == TOTAL, *([mine] if workspace_id else [])))


def _used(db: Connection, workspace_id: int, period: str, now: float) -> int:
    """What counts in the current period; locks its row until the transaction's end."""
    start = _start(period, now)
    kept = case((quotas.c.start >= start, quotas.c.used), else_=0)
    mine = (quotas.c.workspace_id == workspace_id, quotas.c.period == period)
    later = case((quotas.c.start >= start, quotas.c.start), else_=start)
    turned = update(quotas).where(*mine).values(start=later, used=kept).returning(quotas.c.used)
    found = db.execute(turned).scalar_one_or_none()
    if found is not None:
        return int(found)
    first = {"workspace_id": workspace_id, "period": period, "start": start}
    first["used"] = _count(db, workspace_id) if period == TOTAL else 0
    db.execute(store.dialect().insert(quotas).values(first).on_conflict_do_nothing())
    return int(db.execute(turned).scalar_one())


def _add(db: Connection, workspace_id: int, count: int, at: float) -> None:
    """Period after period, since two that lock the same rows must take them in one order."""
    for period in (*SECONDS, TOTAL) if count else ():
        here = (quotas.c.workspace_id == workspace_id, quotas.c.period == period, quotas.c.start == _start(period, at))
        db.execute(update(quotas).where(*here).values(used=quotas.c.used + count))


def _count(db: Connection, workspace_id: int) -> int:
    """The links that there are, and those that shards have set aside and not made yet."""
    there = select(func.count()).select_from(links).where(links.c.workspace_id == workspace_id)
    mine = (shards.c.workspace_id == workspace_id, shards.c.state.in_(ACTIVE_STATES))
    aside = select(func.coalesce(func.sum(shards.c.granted), 0)).where(*mine)
    return int(db.execute(select(there.scalar_subquery() + aside.scalar_subquery())).scalar_one())


def _start(period: str, at: float) -> int:
    return int(at) // SECONDS[period] * SECONDS[period] if period in SECONDS else 0


def _now(db: Connection) -> float:
    found: Any = db.execute(select(store.dialect().clock())).scalar_one()
    return float(found)
