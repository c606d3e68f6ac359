"""Shards: ranges of a job's rows. This table is the queue; a message only wakes somebody up to look at it.

queued -> running (claimed: a token, and a lease that ends by itself) -> done (settled by whoever still has the token)
running -> queued (the lease ran out, or the attempt failed), the third time in halves, until the row at fault is alone
queued -> skipped (its job was cancelled: the rows have no result until a retry makes new shards of them)
"""

import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)

from models import store
from models.errors import LostLease
from models.jobs import jobs
from models.jobs.states import ShardKind, ShardState
from models.store.dialect import Dialect
from models.tables import shards, workspaces

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

    def mine(self) -> dict[str, int]:
        """What MINE is asked with."""
        return {"my_job": self.job_id, "my_run": self.run, "my_first": self.first_index, "my_token": self.token}


MINE = and_(
    shards.c.job_id == bindparam("my_job"),
    shards.c.run == bindparam("my_run"),
    shards.c.first_index == bindparam("my_first"),
    shards.c.token == bindparam("my_token"),
)
UNOWNED = {"token": None, "owner": None, "leased_until": None}
GRANT = (shards.c.workspace_id, shards.c.granted, shards.c.granted_at)
FIELDS = tuple(shards.c[name] for name in Claim.__slots__)
SETTLED = update(shards).where(MINE).values(UNOWNED | {"state": bindparam("end")})


def add(db: Connection, rows: list[dict[str, Any]]) -> None:
    """Adds shards; those that an interrupted split made already stay as they are."""
    db.execute(_added(store.dialect()), rows)


def claim(db: Connection, kind: str, queue: str, hint: tuple[int, int]) -> Claim | None:
    """The next shard of the workspace that was served longest ago: the hinted one, where that is among them.

    A claim that a power cut takes back was never made: whoever has it finds its token gone.
    """
    of, hinted = {"of_queue": queue, "of_kind": kind}, {"hinted_job": hint[0], "hinted_first": hint[1]}
    mark = {"new_token": secrets.randbits(63), "new_owner": store.dialect().owner(db)}
    row = db.execute(_taken(store.dialect()), of | hinted | mark).one_or_none()
    if row is None:
        return None
    store.dialect().make_light(db)
    db.execute(_served(store.dialect()), {"served": row.workspace_id})
    jobs.start(db, row.job_id)
    return Claim(*row)


def keep(db: Connection, claim: Claim) -> None:
    """Makes the lease last from now on."""
    kept = update(shards).where(MINE).values(leased_until=store.dialect().clock() + LEASE_SECONDS)
    _mine(db.execute(kept, claim.mine()).rowcount)


def grant(db: Connection, claim: Claim) -> None:
    """Notes how many links its quota has set aside for a shard: whoever takes it over has them too."""
    granted = {"granted": claim.granted, "granted_at": claim.granted_at}
    _mine(db.execute(update(shards).where(MINE).values(granted), claim.mine()).rowcount)


def settle(db: Connection, claim: Claim, state: str = ShardState.DONE) -> None:
    """Ends a shard. First in its transaction, so that whoever lost the lease writes nothing."""
    _mine(db.execute(SETTLED, claim.mine() | {"end": state}).rowcount)


def give_back(db: Connection, claim: Claim) -> None:
    """Lets others try: what went wrong was not the shard's fault, so the attempt does not count."""
    db.execute(_freed(attempts=claim.attempts - 1), claim.mine())


def hand_over(db: Connection, claim: Claim, queue: str) -> None:
    """Gives a shard back for others to take, from another queue."""
    _mine(db.execute(_freed(attempts=claim.attempts - 1, queue=queue), claim.mine()).rowcount)


def give_up(db: Connection, claim: Claim) -> bool:
    """An attempt failed. The third time the shard is halved; False when there is nothing left to halve."""
    if claim.attempts < TRIES or claim.rows == 1:
        db.execute(_freed(), claim.mine())
        return claim.attempts < TRIES or claim.kind == ShardKind.CREATE
    if claim.kind == ShardKind.SPLIT:
        return False
    half = claim.rows // 2
    if db.execute(_freed(rows=half, attempts=TRIES - 1), claim.mine()).rowcount:
        db.execute(insert(shards).values(_second_half(claim, half)))
    return True


def expired(db: Connection) -> list[tuple[Claim, str]]:
    """Shards whose owner was not heard of for the length of its lease, each with that owner."""
    late = select(*FIELDS, shards.c.owner).where(
        shards.c.state == ShardState.RUNNING, OPEN, shards.c.leased_until < store.dialect().clock()
    )
    return [(Claim(*row[:-1]), row.owner) for row in db.execute(late)]


def due(db: Connection, job_id: int, room: int) -> list[Row[*tuple[Any, ...]]]:
    """Marks as sent the next shards to wake somebody for: at most `room` wake-ups are under way for a job."""
    ours = and_(shards.c.job_id == job_id, shards.c.state == ShardState.QUEUED)
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
    return list(
        db.execute(select(shards.c.job_id).where(shards.c.state == ShardState.QUEUED, OPEN, stale).distinct()).scalars()
    )


def unsend(db: Connection, queue: str) -> int:
    """Forgets wake-ups that should have been taken long since: for a queue in which the broker has none left."""
    lost = shards.c.sent_at <= store.dialect().clock() - RESEND_SECONDS
    mine = update(shards).where(shards.c.queue == queue, shards.c.state == ShardState.QUEUED, OPEN, lost)
    return db.execute(mine.values(sent_at=None, sends=0)).rowcount


def drop(db: Connection, job_id: int) -> list[Row[*tuple[Any, ...]]]:
    """Nobody needs to look at what is left of a job that ended; tells what quota was set aside for that."""
    left = (
        update(shards)
        .where(shards.c.job_id == job_id, shards.c.state == ShardState.QUEUED)
        .values(state=ShardState.DONE)
    )
    return list(db.execute(left.returning(*GRANT)).all())


def base(job_id: int) -> ColumnElement[bool]:
    """The shards that together are all rows of a job: those of its first run."""
    return and_(shards.c.job_id == job_id, shards.c.run == 1, shards.c.kind != ShardKind.SPLIT)


def ranges(db: Connection, job_id: int, most: int | None = None) -> list[Row[*tuple[Any, ...]]]:
    """Where in the upload each shard's rows lie, in input order."""
    return list(db.execute(select(*FIELDS).where(base(job_id)).order_by(shards.c.first_index).limit(most)).all())


def unsettled(db: Connection, job_id: int, run: int, first: int) -> list[Row[*tuple[Any, ...]]]:
    """The ranges, from one row on, in which a row may be without a result."""
    last = shards.c.first_index + shards.c.rows
    mine = and_(shards.c.job_id == job_id, shards.c.run == run, shards.c.kind == ShardKind.CREATE, OPEN, last > first)
    return list(db.execute(select(*FIELDS).where(mine).order_by(shards.c.first_index)).all())


def _among(picked: Select[Any]) -> ColumnElement[bool]:
    """As a CTE, since a plan may run a subquery twice, and a LIMIT would then pick twice."""
    return tuple_(*KEY).in_(select(picked.cte("picked")))


@cache
def _added(dialect: Dialect) -> Any:
    return dialect.insert(shards).on_conflict_do_nothing()


@cache
def _taken(dialect: Dialect) -> Any:
    """Claims are most of what a small job asks of the database: to build them anew took longer than the answer."""
    served = select(workspaces.c.served_at).where(workspaces.c.id == shards.c.workspace_id).scalar_subquery()
    same = and_(shards.c.job_id == bindparam("hinted_job"), shards.c.first_index == bindparam("hinted_first"))
    of = (shards.c.queue == bindparam("of_queue"), shards.c.kind == bindparam("of_kind"))
    free = (
        select(*KEY)
        .where(*of, shards.c.state == ShardState.QUEUED, OPEN)
        .order_by(served, case((same, 0), else_=1), *KEY)
    )
    taken = {"state": ShardState.RUNNING, "token": bindparam("new_token"), "owner": bindparam("new_owner")}
    lease = {"attempts": shards.c.attempts + 1, "leased_until": dialect.clock() + LEASE_SECONDS * DOUBLED}
    picked = _among(dialect.skip_locked(free.limit(1), shards))
    return update(shards).where(picked).values(taken | lease).returning(*FIELDS)


@cache
def _served(dialect: Dialect) -> Any:
    return update(workspaces).where(workspaces.c.id == bindparam("served")).values(served_at=dialect.clock())


def _sent() -> Any:
    sends = case((shards.c.sends < LONGEST_RESEND, shards.c.sends + 1), else_=shards.c.sends)
    return update(shards).values(sent_at=store.dialect().clock(), sends=sends)


def _freed(**values: Any) -> Any:
    waiting = {"state": ShardState.QUEUED, "sent_at": None, "sends": 0}
    return update(shards).where(MINE).values(UNOWNED | waiting | values)


def _second_half(claim: Claim, half: int) -> dict[str, Any]:
    same = {
        name: getattr(claim, name)
        for name in ("job_id", "run", "workspace_id", "kind", "queue", "line", "offset", "length")
    }
    moved = {"first_index": claim.first_index + half, "skip": claim.skip + half, "rows": claim.rows - half}
    return same | moved | {"attempts": TRIES - 1, "state": ShardState.QUEUED}


def _mine(rowcount: int) -> None:
    if rowcount != 1:
        raise LostLease("the lease ran out and somebody else has this shard")
