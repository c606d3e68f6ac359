"""What becomes of a shard after a failed attempt."""

import time

import structlog
from sqlalchemy.exc import DBAPIError

from models import store
from models.accounts import quotas
from models.errors import LostLease
from models.jobs import leases, shards
from models.jobs.leases import Claim
from producer import completion
from producer.signals import counters
from producer.unit_of_work import UnitOfWork, unit_of_work

PAUSES = (0.5, 0.5, 1.0, 2.0, 4.0)  # seconds, together less than a lease: time for a database to start again
CANNOT_SPLIT = "The upload could not be cut into shards: there was an internal error, three times."

log = structlog.get_logger()


def handle(claim: Claim, error: Exception) -> None:
    """Give a shard back for the next attempt. The attempt does not count when the database was away."""
    database_was_away = isinstance(error, DBAPIError) and store.dialect().is_transient(error)
    shard = {"job": claim.job_id, "shard": claim.first_index, "attempt": claim.attempts}
    counters.add(counters.ATTEMPTS, claim.kind)
    log.error("shard_failed", **shard, error=type(error).__name__)  # the task logs the traceback
    if database_was_away:
        time.sleep(PAUSES[0])
    for pause in PAUSES:
        try:
            _free(claim, database_was_away)
        except DBAPIError:
            time.sleep(pause)
        else:
            return
    log.warning("shard_left_to_its_lease", **shard)


def _free(claim: Claim, database_was_away: bool) -> None:
    try:
        with unit_of_work() as unit:
            if database_was_away:
                leases.give_back(unit.db, claim)
            else:
                _give_up(unit, claim)
            if claim.attempts <= leases.MAX_ATTEMPTS:  # a shard that fails even as INTERNAL waits for the sweep
                unit.wake_next(claim.job_id)
    except LostLease:
        return  # another worker has the shard


def give_up(claim: Claim, patience: float | None = None) -> None:
    """Free a shard whose attempt failed, for the next one. A split that failed three times ends its job."""
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
    completion.fail(unit, claim.job_id, claim.run, CANNOT_SPLIT)
    quotas.give_back_all(unit.db, grants)
