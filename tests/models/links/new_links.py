"""Links for tests, written without a job."""

from datetime import UTC, datetime
from typing import Any

from models import store
from models.accounts import domains
from models.accounts.keys import Owner
from models.cursors import EPOCH, MICROSECOND
from models.links import links
from models.links.links import Link

GENERATION = 7
JOB_ID = 5


def default_domain_id(owner: Owner) -> int:
    with store.read() as db:
        domain = domains.find(db, owner.workspace_id, None)
    assert domain
    return domain.id


def add_link(owner: Owner, slug: str, created_at: datetime | None = None, **columns: Any) -> Link:
    """Add a link on the default domain, with these columns in place of the usual ones."""
    row: dict[str, Any] = {
        "domain_id": default_domain_id(owner),
        "slug": slug,
        "generation": GENERATION,
        "workspace_id": owner.workspace_id,
        "job_id": JOB_ID,
        "url": f"https://{slug}.example/",
    }
    values = row | columns
    moment = created_at or datetime.now(UTC)
    written = {name: [value] for name, value in values.items()}
    written["created_at"] = [(moment - EPOCH) // MICROSECOND]
    with store.write() as db:
        links.write(db, written | {"workspace_id": values["workspace_id"]}, 1)
        link = links.get(db, values["domain_id"], slug)
    assert link
    return link
