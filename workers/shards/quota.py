"""Keeps a shard within its workspace's quota: rows beyond it fail, the others create their links."""

from models import store
from models.accounts import plans, quotas
from models.jobs import leases
from models.store import Connection
from producer.intake.batch import ItemProblem
from workers.shards.draft import Draft

LIMIT_REACHED = ItemProblem("LIMIT_REACHED", "The plan's limit of links is reached.")


def reserve(draft: Draft, plan_name: str) -> None:
    """Reserve the links of a draft before anything is written, and limit the draft to what was granted.

    All of it counts as reserved when its first part was: what is given back then never makes too much room.
    """
    plan = plans.of(plan_name)
    if not plan.limited:
        return
    claim = draft.claim
    ungranted = draft.new_count - claim.granted
    if ungranted > 0:
        with store.write() as db:
            granted, reserved_at = quotas.reserve(db, claim.workspace_id, plan, ungranted)
            claim = claim._replace(granted=claim.granted + granted, granted_at=claim.granted_at or reserved_at)
            leases.save_grant(db, claim)
        draft.claim = claim
    draft.limit_new(claim.granted, LIMIT_REACHED)


def give_back_unused(db: Connection, draft: Draft) -> None:
    """Give back what the shard did not use after all."""
    claim = draft.claim
    unused = claim.granted - draft.new_count
    if unused > 0:
        quotas.give_back(db, claim.workspace_id, unused, claim.granted_at)
