"""Keeps a shard within its workspace's quota: rows beyond it fail, the rest are made."""

from dataclasses import replace

from models import store
from models.accounts import plans, quotas
from models.jobs import shards
from models.store import Connection
from producer.intake.batch import ItemProblem
from workers.shards.draft import Draft

BEYOND = ItemProblem("LIMIT_REACHED", "the plan's limit of links is reached")


def hold(made: Draft, name: str) -> None:
    """Sets links aside for a draft, before anything is written, and cuts it to what there is room for.

    All of it counts as set aside when the first of it was: what is given back then never makes too much room.
    """
    claim = made.claim
    plan = plans.of(name)
    if not plan.limited:
        return
    missing = made.made - claim.granted
    if missing > 0:
        with store.write() as db:
            got, at = quotas.reserve(db, claim.workspace_id, plan, missing)
            claim = replace(claim, granted=claim.granted + got, granted_at=claim.granted_at or at)
            shards.grant(db, claim)
        made.claim = claim
    made.cut(made.claim.granted, BEYOND)


def settle(db: Connection, made: Draft) -> None:
    """Gives back what the shard did not use after all."""
    claim = made.claim
    if claim.granted > made.made:
        quotas.give_back(db, claim.workspace_id, claim.granted - made.made, claim.granted_at)
