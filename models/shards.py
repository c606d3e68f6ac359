"""Shards: ranges of a job's rows. This table is the queue; a message only wakes somebody up to look at it.

queued -> running (claimed: a token, and a lease that ends by itself) -> done (settled by whoever still has the token)
running -> queued (the lease ran out, or the attempt failed), the third time in halves, until the row at fault is alone
queued -> skipped (its job was cancelled: the rows have no result until a retry makes new shards of them)
"""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    case,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)

from models import jobs, store
from models.errors import LostLease
from models.tables import shards, workspaces

SPLIT, CREATE, UNDO = "split", "create", "undo"
QUEUED, RUNNING, DONE, SKIPPED = "queued", "running", "done", "skipped"
SPLIT_INDEX = -1
LEASE_SECONDS = 10.0
TRIES = 3
RESEND_SECONDS = 5.0
LONGEST_RESEND = 5  # doublings

SENT_AGO: ColumnElement[Any] = RESEND_SECONDS / 2 * literal_column("(1 << sends)", Integer())
DOUBLED: ColumnElement[int] = literal_column("(1 << attempts)", Integer())  # by the attempts before this one
KEY = (shards.c.job_id, shards.c.run, shards.c.first_index)
OPEN = shards.c.state != literal_column("'done'")  # word for word as in the index, or SQLite does not use it


@dataclass(frozen=True, slots=True)
class Claim:
    """A shard and the right to settle it."""

    job_id: int
    run: int
    first_index: int
    workspace_id: int
    kind: str
    queue: str
    line: int
    offset: int
    length: int
    skip: int
    rows: int
    attempts: int
    token: int
    granted: int
    granted_at: float | None

    def mine(self) -> ColumnElement[bool]:
        key = (self.job_id, self.run, self.first_index)
        return and_(*(column == value for column, value in zip(KEY, key, strict=True)), shards.c.token == self.token)


GRANT = (shards.c.workspace_id, shards.c.granted, shards.c.granted_at)
FIELDS = tuple(shards.c[name] for name in Claim.__slots__)


def add(db: Connection, rows: list[dict[str, Any]]) -> None:
    """Adds shards; those that an interrupted split made already stay as they are."""
    db.execute(store.dialect().insert(shards).on_conflict_do_nothing(), rows)


def claim(db: Connection, kind: str, queue: str, hint: tuple[int, int]) -> Claim | None:
    """The next shard of the workspace that was served longest ago: the hinted one, where that is among them."""
    served = select(workspaces.c.served_at).where(workspaces.c.id == shards.c.workspace_id).scalar_subquery()
    hinted = case((and_(shards.c.job_id == hint[0], shards.c.first_index == hint[1]), 0), else_=1)
    free = select(*KEY).where(shards.c.queue == queue, shards.c.kind == kind, shards.c.state == QUEUED, OPEN)
    picked = store.dialect().skip_locked(free.order_by(served, hinted, *KEY).limit(1), shards)
    row = db.execute(_take(db).where(_among(picked)).returning(*FIELDS)).one_or_none()
    if row is None:
        return None
    db.execute(update(workspaces).where(workspaces.c.id == row.workspace_id).values(served_at=store.dialect().clock()))
    jobs.start(db, row.job_id)
    return Claim(*row)


def keep(db: Connection, claim: Claim) -> None:
    """Makes the lease last from now on."""
    kept = update(shards).where(claim.mine()).values(leased_until=store.dialect().clock() + LEASE_SECONDS)
    _mine(db.execute(kept).rowcount)


def grant(db: Connection, claim: Claim) -> None:
    """Notes how many links its quota has set aside for a shard: whoever takes it over has them too."""
    granted = {"granted": claim.granted, "granted_at": claim.granted_at}
    _mine(db.execute(update(shards).where(claim.mine()).values(granted)).rowcount)


def settle(db: Connection, claim: Claim, state: str = DONE) -> None:
    """Ends a shard. First in its transaction, so that whoever lost the lease writes nothing."""
    ended = {"state": state, "token": None, "owner": None, "leased_until": None}
    _mine(db.execute(update(shards).where(claim.mine()).values(ended)).rowcount)


def give_back(db: Connection, claim: Claim) -> None:
    """Lets others try: what went wrong was not the shard's fault, so the attempt does not count."""
    db.execute(update(shards).where(claim.mine()).values(_freed() | {"attempts": claim.attempts - 1}))


def hand_over(db: Connection, claim: Claim, queue: str) -> None:
    """Gives a shard back for others to take, from another queue."""
    freed = _freed() | {"attempts": claim.attempts - 1, "queue": queue}
    _mine(db.execute(update(shards).where(claim.mine()).values(freed)).rowcount)


def give_up(db: Connection, claim: Claim) -> bool:
    """An attempt failed. The third time the shard is halved; False when there is nothing left to halve."""
    if claim.attempts < TRIES or claim.rows == 1:
        db.execute(update(shards).where(claim.mine()).values(_freed()))
        return claim.attempts < TRIES or claim.kind == CREATE
    if claim.kind == SPLIT:
        return False
    half = claim.rows // 2
    halved = update(shards).where(claim.mine()).values(_freed() | {"rows": half, "attempts": TRIES - 1})
    if db.execute(halved).rowcount:
        db.execute(insert(shards).values(_second_half(claim, half)))
    return True


def expired(db: Connection) -> list[tuple[Claim, str]]:
    """Shards whose owner was not heard of for the length of its lease, each with that owner."""
    late = select(*FIELDS, shards.c.owner).where(
        shards.c.state == RUNNING, OPEN, shards.c.leased_until < store.dialect().clock()
    )
    return [(Claim(*row[:-1]), row.owner) for row in db.execute(late)]


def due(db: Connection, job_id: int, room: int) -> list[Row[*tuple[Any, ...]]]:
    """Marks as sent the next shards to wake somebody for: at most `room` wake-ups are under way for a job."""
    ours = and_(shards.c.job_id == job_id, shards.c.state == QUEUED)
    fresh = func.coalesce(shards.c.sent_at > store.dialect().clock() - SENT_AGO, False)
    under_way = db.execute(select(func.count()).where(ours, fresh)).scalar_one()
    if under_way >= room:
        return []
    picked: Select[Any] = select(*KEY).where(ours, ~fresh).order_by(*KEY).limit(room - under_way)
    picked = store.dialect().skip_locked(picked, shards)
    return list(db.execute(_sent().where(_among(picked)).returning(*FIELDS)).all())


def waiting(db: Connection) -> list[int]:
    """Jobs with shards that nobody has been woken for lately."""
    stale = func.coalesce(shards.c.sent_at <= store.dialect().clock() - SENT_AGO, True)
    return list(db.execute(select(shards.c.job_id).where(shards.c.state == QUEUED, OPEN, stale).distinct()).scalars())


def unsend(db: Connection, queue: str) -> int:
    """Forgets wake-ups that should have been taken long since: for a queue in which the broker has none left."""
    lost = shards.c.sent_at <= store.dialect().clock() - RESEND_SECONDS
    mine = update(shards).where(shards.c.queue == queue, shards.c.state == QUEUED, OPEN, lost)
    return db.execute(mine.values(sent_at=None, sends=0)).rowcount


def drop(db: Connection, job_id: int) -> list[Row[*tuple[Any, ...]]]:
    """Nobody needs to look at what is left of a job that ended; tells what quota was set aside for that."""
    left = update(shards).where(shards.c.job_id == job_id, shards.c.state == QUEUED).values(state=DONE)
    return list(db.execute(left.returning(*GRANT)).all())


def base(job_id: int) -> ColumnElement[bool]:
    """The shards that together are all rows of a job: those of its first run."""
    return and_(shards.c.job_id == job_id, shards.c.run == 1, shards.c.kind != SPLIT)


def ranges(db: Connection, job_id: int, most: int | None = None) -> list[Row[*tuple[Any, ...]]]:
    """Where in the upload each shard's rows lie, in input order."""
    return list(db.execute(select(*FIELDS).where(base(job_id)).order_by(shards.c.first_index).limit(most)).all())


def unsettled(db: Connection, job_id: int, run: int, first: int) -> list[Row[*tuple[Any, ...]]]:
    """The ranges, from one row on, in which a row may be without a result."""
    last = shards.c.first_index + shards.c.rows
    mine = and_(shards.c.job_id == job_id, shards.c.run == run, shards.c.kind == CREATE, OPEN, last > first)
    return list(db.execute(select(*FIELDS).where(mine).order_by(shards.c.first_index)).all())


def _among(picked: Select[Any]) -> ColumnElement[bool]:
    """As a CTE, since a plan may run a subquery twice, and a LIMIT would then pick twice."""
    return tuple_(*KEY).in_(select(picked.cte("picked")))


def _take(db: Connection) -> Any:
    attempts = shards.c.attempts + 1
    lease = LEASE_SECONDS * DOUBLED
    taken = {"state": RUNNING, "token": secrets.randbits(63), "owner": store.dialect().owner(db), "attempts": attempts}
    return update(shards).values(taken | {"leased_until": store.dialect().clock() + lease})


def _sent() -> Any:
    sends = case((shards.c.sends < LONGEST_RESEND, shards.c.sends + 1), else_=shards.c.sends)
    return update(shards).values(sent_at=store.dialect().clock(), sends=sends)


def _freed() -> dict[str, Any]:
    return {"state": QUEUED, "token": None, "owner": None, "leased_until": None, "sent_at": None, "sends": 0}


def _second_half(claim: Claim, half: int) -> dict[str, Any]:
    same = {
        name: getattr(claim, name)
        for name in ("job_id", "run", "workspace_id", "kind", "queue", "line", "offset", "length")
    }
    moved = {"first_index": claim.first_index + half, "skip": claim.skip + half, "rows": claim.rows - half}
    return same | moved | {"attempts": TRIES - 1, "state": QUEUED}


def _mine(rowcount: int) -> None:
    if rowcount != 1:
        raise LostLease("the lease ran out and somebody else has this shard")
