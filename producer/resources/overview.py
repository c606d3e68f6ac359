"""What a workspace's clicks look like as a whole."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models import store
from models.accounts.keys import Owner
from models.clicks import workspace_clicks
from models.links import listing
from models.links.listing import LinkFilter
from producer.documents.link_document import day_documents, link_documents

MOST_TOP_LINKS = 10


def clicks_by_day(owner: Owner, days: int) -> list[dict[str, Any]]:
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    with store.read() as db:
        return day_documents(workspace_clicks.by_day(db, owner.workspace_id, since))


def top_links(owner: Owner, days: int) -> list[dict[str, Any]]:
    """The links with the most clicks of the last days, each with these clicks as `recent_clicks`."""
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    with store.read() as db:
        top = workspace_clicks.top_links(db, owner.workspace_id, since, MOST_TOP_LINKS)
        if not top:
            return []
        counts = {link.key: link.clicks for link in top}
        rows = listing.page(db, owner.workspace_id, LinkFilter(keys=list(counts)), None, MOST_TOP_LINKS)
        documents = link_documents(db, rows)
    for row, document in zip(rows, documents, strict=True):
        document["recent_clicks"] = counts[row.key]
    return sorted(documents, key=lambda document: -document["recent_clicks"])
