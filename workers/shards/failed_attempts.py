"""What becomes of a shard after a failed attempt."""

import errno
import time

import structlog
from sqlalchemy.exc import DBAPIError

from models import store
from models.accounts import quotas
from models.errors import LostLease, Unavailable
from models.jobs import leases, shards
from models.jobs.leases import Claim
from models.states import ShardKind
from producer import completion
from producer.signals import counters
from producer.unit_of_work import UnitOfWork, unit_of_work

PAUSES = (0.5, 0.5, 1.0, 2.0, 4.0)  # seconds, together less than a lease: time for a database to start again
CANNOT_SPLIT = "The upload could not be cut into shards: there was an internal error, three times."
CANNOT_UNDO = "The job could not be undone: there was an internal error, three times."

log = structlog.get_logger()


def handle(claim: Claim, error: Exception) -> None:
    """Give a shard back for the next attempt. The attempt does not count when the database or the files were away."""
    was_away = _was_away(error)
    shard = {"job": claim.job_id, "shard": claim.first_index, "attempt": claim.attempts}
    counters.add(counters.ATTEMPTS, claim.kind)
    log.error("shard_failed", **shard, error=type(error).__name__)  # the task logs the traceback
    if was_away:
        time.sleep(PAUSES[0])
    for pause in PAUSES:
        try:
            _free(claim, was_away)
        except DBAPIError:
            time.sleep(pause)
        else:
            return
    log.warning("shard_left_to_its_lease", **shard)


def _was_away(error: Exception) -> bool:
    """Whether the files or the database could not be reached, which says nothing about the shard."""
    if isinstance(error, Unavailable):
        return True
    if isinstance(error, OSError):
        return error.errno not in BAD_CALLS
    return isinstance(error, DBAPIError) and store.dialect().is_transient(error)


# A file system that is there refuses these calls every time.
BAD_CALLS = (errno.EBADF, errno.EINVAL, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOTDIR)


def _free(claim: Claim, was_away: bool) -> None:
    try:
        with unit_of_work() as unit:
            if was_away:
                leases.give_back(unit.db, claim)
            else:
                _give_up(unit, claim)
            if claim.attempts <= leases.MAX_ATTEMPTS:  # a shard that fails even as INTERNAL waits for the sweep
                unit.wake_next(claim.job_id)
    except LostLease:
        return  # another worker has the shard


def free_delayed(claim: Claim, patience: float | None = None) -> None:
    """Free a shard whose worker waited for the database for too long."""
    with store.write(patience) as db:
        leases.free_delayed(db, claim)


def give_up(claim: Claim, patience: float | None = None) -> None:
    """Free a shard whose attempt failed, for the next one. A split or undo that failed three times ends its job."""
    try:
        with unit_of_work(patience) as unit:
            _give_up(unit, claim)
    except LostLease:
        return


def _give_up(unit: UnitOfWork, claim: Claim) -> None:
    if leases.fail(unit.db, claim):
        return
    leases.finish(unit.db, claim)
    grants = shards.discard_queued(unit.db, claim.job_id)
    detail = CANNOT_SPLIT if claim.kind == ShardKind.SPLIT else CANNOT_UNDO
    completion.fail(unit, claim.job_id, claim.run, detail)
    quotas.give_back_all(unit.db, grants)
