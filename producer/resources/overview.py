"""What a workspace's clicks look like as a whole."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models import store
from models.accounts.keys import Owner
from models.clicks import workspace_clicks
from models.links import listing
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
        counts = {link.key: link.clicks for link in top}
        views = listing.find_many(db, owner.workspace_id, counts)
        views.sort(key=lambda view: (counts[view.key], view.created_at), reverse=True)
        documents = link_documents(db, views)
    for view, document in zip(views, documents, strict=True):
        document["recent_clicks"] = counts[view.key]
    return documents
