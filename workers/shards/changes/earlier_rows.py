"""Earlier rows of a dry run: what they would have done to the links of a shard that waited for them."""

from models.jobs.leases import Claim
from models.store import Connection
from workers.shards.changes.working_links import WorkingLinks


def apply(db: Connection, claim: Claim, links: WorkingLinks) -> None:
    """Change links as the earlier rows of the dry run would have. Only a shard that waited for some asks."""
    if claim.after_index is None:
        return
