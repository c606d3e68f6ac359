"""What becomes of a shard when an attempt at it failed."""

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

PAUSES = (0.5, 0.5, 1.0, 2.0, 4.0)  # together shorter than a lease: for a database that is started again
BROKEN = "the upload could not be cut into shards: an internal error, three times"

log = structlog.get_logger()


def failed(claim: Claim, error: Exception) -> None:
    """The shard is tried again, at once by whoever is woken. A database that went away is no fault of the shard."""
    blameless = isinstance(error, DBAPIError) and store.dialect().passing(error)
    about = {"job": claim.job_id, "shard": claim.first_index, "attempt": claim.attempts}
    counters.add(counters.ATTEMPTS, claim.kind)
    log.error("shard_failed", **about, error=type(error).__name__)  # the task tells the rest
    if blameless:
        time.sleep(PAUSES[0])
    for pause in PAUSES:
        try:
            _free(claim, blameless)
        except DBAPIError:
            time.sleep(pause)
        else:
            return
    log.warning("shard_left_to_its_lease", **about)


def give_up(claim: Claim, patience: float | None = None) -> None:
    """Free a shard for the next attempt. A split that failed three times ends its job."""
    try:
        with unit_of_work(patience) as unit:
            _give_up(unit, claim)
    except LostLease:
        return  # another worker was quicker


def _free(claim: Claim, blameless: bool) -> None:
    try:
        with unit_of_work() as unit:
            if blameless:
                leases.give_back(unit.db, claim)
            else:
                _give_up(unit, claim)
            if claim.attempts <= leases.MAX_ATTEMPTS:  # a shard that cannot even be given up waits for the sweep
                unit.wake_next(claim.job_id)
    except LostLease:
        return


def _give_up(unit: UnitOfWork, claim: Claim) -> None:
    if leases.fail(unit.db, claim):
        return
    leases.finish(unit.db, claim)
    left = shards.discard_queued(unit.db, claim.job_id)
    completion.fail(unit, claim.job_id, claim.run, BROKEN)
    quotas.give_back_all(unit.db, left)
