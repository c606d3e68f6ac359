"""Leases: a worker's right to work on a shard and to write its results, until the lease expires.

Only the worker that has the current token can finish a shard. Times are the database's own.
"""

import secrets
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from models import store
from models.errors import LostLease
from models.jobs import jobs
from models.jobs.order import IS_READY
from models.jobs.shards import KEY_COLUMNS, NOT_DONE, is_among
from models.states import UPLOAD_KINDS, ShardKind, ShardState
from models.store.dialect import Dialect
from models.tables import shards, workspaces

LEASE_SECONDS = 10.0
MAX_ATTEMPTS = 3


class Claim(NamedTuple):
    """A shard and the right to finish it."""

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
    after_index: int | None
    """The shard waited for all shards of its run that begin before this index."""


class ExpiredLease(NamedTuple):
    claim: Claim
    owner: str


def claim(db: Connection, kind: str, queue: str, hint: tuple[int, int]) -> Claim | None:
    """Claim the next shard of the workspace that was served longest ago: the hinted one (job, first index) if possible.

    The hint also stands for the later shards of its job: of two jobs of a workspace, neither waits for the other.
    The commit need not be durable: after a power cut the shard is free again, and its worker finds its token gone.
    """
    in_queue = {"of_queue": queue, "of_kind": kind}
    values = in_queue | {"new_token": secrets.randbits(63), "new_owner": store.dialect().owner(db)}
    hinted = {"hint_job": hint[0], "hint_first": hint[1]}
    row = db.execute(_claim_hinted(store.dialect()), values | hinted).one_or_none()
    if row is None:
        row = _claim_in_turn(db, db.execute(_WAITING, in_queue).scalars().all(), values)
    if row is None:
        return None
    db.execute(_mark_served(store.dialect()), {"workspace": row.workspace_id})
    jobs.start(db, row.job_id)
    return Claim._make(row)


def _claim_in_turn(db: Connection, workspace_ids: Iterable[int], values: dict[str, Any]) -> Any:
    """Claim the first shard of the first workspace that has one which neither waits nor is being claimed."""
    for workspace_id in workspace_ids:
        row = db.execute(_claim_first(store.dialect()), values | {"of_workspace": workspace_id}).one_or_none()
        if row is not None:
            return row
    return None


_IN_QUEUE = and_(
    shards.c.queue == bindparam("of_queue"),
    shards.c.kind == bindparam("of_kind"),
    shards.c.state == ShardState.QUEUED,
    NOT_DONE,
)


def _waiting() -> Select[Any]:
    """The workspaces with queued shards, that which was served longest ago first.

    Each is found with one look into the index: ten thousand shards of one workspace cost the others nothing.
    """
    first = select(func.min(shards.c.workspace_id).label("id")).where(_IN_QUEUE).cte("waiting", recursive=True)
    following = select(func.min(shards.c.workspace_id)).where(_IN_QUEUE, shards.c.workspace_id > first.c.id)
    waiting = first.union_all(select(following.correlate(first).scalar_subquery()).where(first.c.id.is_not(None)))
    query = select(waiting.c.id).join(workspaces, workspaces.c.id == waiting.c.id)
    return query.order_by(workspaces.c.served_at)


# Built once: of what a small job asks of the database, claims are the most, and building one is slower than it.
_WAITING = _waiting()


@cache
def _claim_hinted(dialect: Dialect) -> Any:
    is_hinted = and_(shards.c.job_id == bindparam("hint_job"), shards.c.first_index >= bindparam("hint_first"))
    return _claim(dialect, shards.c.workspace_id == _WAITING.limit(1).scalar_subquery(), is_hinted)


@cache
def _claim_first(dialect: Dialect) -> Any:
    return _claim(dialect, shards.c.workspace_id == bindparam("of_workspace"))


def _claim(dialect: Dialect, *conditions: ColumnElement[bool]) -> Any:
    free = select(*KEY_COLUMNS).where(_IN_QUEUE, IS_READY, *conditions).order_by(*KEY_COLUMNS).limit(1)
    claimed = update(shards).where(is_among(dialect.skip_locked(free, shards)))
    claimed = claimed.values(
        state=ShardState.RUNNING,
        token=bindparam("new_token"),
        owner=bindparam("new_owner"),
        attempts=shards.c.attempts + 1,
        leased_until=dialect.clock() + LEASE_SECONDS * _DOUBLED,
    )
    return claimed.returning(*CLAIM_COLUMNS)


@cache
def _mark_served(dialect: Dialect) -> Any:
    return update(workspaces).where(workspaces.c.id == bindparam("workspace")).values(served_at=dialect.clock())


# Each attempt has twice the time of the one before. The columns still have the numbers of earlier ones.
_DOUBLED: ColumnElement[int] = literal_column("(1 << (attempts + delays))", Integer())
CLAIM_COLUMNS = [shards.c[name] for name in Claim._fields]


def extend(db: Connection, claim: Claim) -> None:
    """Make the lease last from now on."""
    extended = update(shards).where(HAS_TOKEN).values(leased_until=store.dialect().clock() + LEASE_SECONDS)
    _require_lease(db.execute(extended, token_of(claim)).rowcount)


def save_grant(db: Connection, claim: Claim) -> None:
    """Store the links that the quota has set aside for a shard, for the next worker if this one dies."""
    saved = update(shards).where(HAS_TOKEN).values(granted=claim.granted, granted_at=claim.granted_at)
    _require_lease(db.execute(saved, token_of(claim)).rowcount)


def finish(db: Connection, claim: Claim, state: ShardState = ShardState.DONE) -> None:
    """End a shard. This comes first in its transaction, so that a worker that lost its lease writes nothing."""
    _require_lease(db.execute(_FINISH, token_of(claim) | {"end_state": state}).rowcount)


def give_back(db: Connection, claim: Claim) -> None:
    """Free a shard without counting the attempt: the failure was not the shard's fault."""
    db.execute(_free(attempts=claim.attempts - 1), token_of(claim))


def free_delayed(db: Connection, claim: Claim) -> None:
    """Free a shard whose worker waited for the database until the lease ran out. The rows are not to blame.

    The next lease is longer, however often this happens. The attempt does not count: the shard is not halved, and no
    item ends as INTERNAL.
    """
    db.execute(_free(attempts=claim.attempts - 1, delays=shards.c.delays + 1), token_of(claim))


def hand_over(db: Connection, claim: Claim, queue: str) -> None:
    """Free a shard for the workers of another queue, without counting the attempt."""
    freed = _free(attempts=claim.attempts - 1, queue=queue)
    _require_lease(db.execute(freed, token_of(claim)).rowcount)


def postpone(db: Connection, claim: Claim) -> None:
    """Free a shard until every earlier one of its run has ended, without counting the attempt."""
    freed = _free(attempts=claim.attempts - 1, after_index=claim.first_index)
    _require_lease(db.execute(freed, token_of(claim)).rowcount)


def fail(db: Connection, claim: Claim) -> bool:
    """Free a shard after a failed attempt, in halves after the third one.

    Returns False when a shard cannot be halved, which then keeps its lease: that of a split, and a range of one item
    of an undo.
    """
    is_alone = claim.rows == 1
    # A single item that still fails is claimed once more, and then recorded as an internal error.
    if claim.attempts < MAX_ATTEMPTS or (is_alone and claim.kind in UPLOAD_KINDS):
        db.execute(_free(), token_of(claim))
        return True
    if is_alone or claim.kind == ShardKind.SPLIT:
        return False
    half = claim.rows // 2
    first_half = _free(rows=half, attempts=MAX_ATTEMPTS - 1)
    if db.execute(first_half, token_of(claim)).rowcount:
        db.execute(insert(shards).values(_second_half(claim, half)))
    return True


def _free(**values: Any) -> Any:
    queued = {"state": ShardState.QUEUED, "sent_at": None, "sends": 0}
    return update(shards).where(HAS_TOKEN).values(_NO_OWNER | queued | values)


def _second_half(claim: Claim, half: int) -> dict[str, Any]:
    return {
        "job_id": claim.job_id,
        "run": claim.run,
        "first_index": claim.first_index + half,
        "workspace_id": claim.workspace_id,
        "kind": claim.kind,
        "queue": claim.queue,
        "state": ShardState.QUEUED,
        "line": claim.line,
        "offset": claim.offset,
        "length": claim.length,
        "skip": claim.skip + half,
        "rows": claim.rows - half,
        "after_index": claim.first_index + half,  # it may want what the first half takes
        "attempts": MAX_ATTEMPTS - 1,
    }


def _require_lease(rowcount: int) -> None:
    if rowcount != 1:
        raise LostLease("The lease has expired, and another worker has this shard.")


def token_of(claim: Claim) -> dict[str, int]:
    """Return the parameters of HAS_TOKEN."""
    return {
        "of_job": claim.job_id,
        "of_run": claim.run,
        "of_first_index": claim.first_index,
        "of_token": claim.token,
    }


HAS_TOKEN = and_(
    shards.c.job_id == bindparam("of_job"),
    shards.c.run == bindparam("of_run"),
    shards.c.first_index == bindparam("of_first_index"),
    shards.c.token == bindparam("of_token"),
)
_NO_OWNER = {"token": None, "owner": None, "leased_until": None}
_FINISH = update(shards).where(HAS_TOKEN).values(_NO_OWNER | {"state": bindparam("end_state")})


def expired(db: Connection) -> list[ExpiredLease]:
    """List the shards whose lease has expired, each with the owner that may still hold locks.

    A lease ends with its owner. One that ends later than one that begins now was measured with a clock that has been
    put back since.
    """
    now = store.dialect().clock()
    is_late = or_(shards.c.leased_until < now, shards.c.leased_until > now + LEASE_SECONDS * _DOUBLED)
    query = select(*CLAIM_COLUMNS, shards.c.owner, is_late)
    running = db.execute(query.where(shards.c.state == ShardState.RUNNING, NOT_DONE)).all()
    ended_owners = store.dialect().ended(db, [row.owner for row in running])
    leases: list[ExpiredLease] = []
    for *claim, owner, has_expired in running:
        if has_expired or owner in ended_owners:
            leases.append(ExpiredLease(Claim(*claim), owner))
    return leases
