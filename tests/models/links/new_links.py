"""Links for tests, written without a job."""

from datetime import datetime
from typing import Any

from sqlalchemy import literal, update

from models import store
from models.accounts import domains
from models.accounts.keys import Owner
from models.links import links
from models.links.links import Link
from models.tables import links as table
from models.tables.columns import StoredTime

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
    with store.write() as db:
        links.write(db, {name: [value] for name, value in values.items()}, 1)
        if created_at:
            this = (table.c.domain_id == values["domain_id"], table.c.slug == slug)
            db.execute(update(table).where(*this).values(created_at=literal(created_at, StoredTime)))
        link = links.get(db, values["domain_id"], slug)
    assert link
    return link
