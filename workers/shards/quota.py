"""Keeps a shard within its workspace's quota: the first rows create their links, those beyond the quota fail."""

from models import store
from models.accounts import quotas
from models.accounts.plans import Plan
from models.jobs import leases, order
from models.jobs.leases import Claim
from models.jobs.order import OpenShards
from models.store import Connection
from workers.shards.draft import Draft

NO_SHARDS = OpenShards(0, 0)


class MustWait(Exception):
    """The quota may not be enough for the earlier shards of the job, whose rows come first."""


def reserve(claim: Claim, plan: Plan, wanted: int) -> Claim:
    """Reserve links for a shard before anything is written; raise MustWait when earlier shards might need them.

    All of it counts as reserved when its first part was: what is given back then never makes too much room.
    """
    ungranted = wanted - claim.granted
    if ungranted <= 0:
        return claim
    with store.write() as db:
        granted, reserved_at = _reserve_in_order(db, claim, plan, ungranted)
        claim = claim._replace(granted=claim.granted + granted, granted_at=claim.granted_at or reserved_at)
        leases.save_grant(db, claim)
    return claim


def _reserve_in_order(db: Connection, claim: Claim, plan: Plan, count: int) -> quotas.Reservation:
    """Reserve links that no earlier shard can need: there must be room for all of their rows too."""
    earlier = NO_SHARDS
    if claim.first_index:
        earlier = order.open_before(db, claim.job_id, claim.run, claim.first_index)
    reservation = quotas.reserve(db, claim.workspace_id, plan, count + earlier.ungranted_rows)
    if earlier.shards == 0:
        return reservation
    if reservation.granted < count + earlier.ungranted_rows:
        raise MustWait
    quotas.give_back(db, claim.workspace_id, earlier.ungranted_rows, reservation.reserved_at)
    return reservation._replace(granted=count)


def give_back_unused(db: Connection, draft: Draft) -> None:
    """Give back what the shard did not use after all."""
    claim = draft.claim
    unused = claim.granted - draft.new_count
    if unused > 0:
        quotas.give_back(db, claim.workspace_id, unused, claim.granted_at)
