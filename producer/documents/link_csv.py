"""All links that match a filter, as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from models import store
from models.links import listing
from models.links.listing import LinkFilter
from producer.documents.link_document import link_documents
from producer.intake.formula_cells import escape_formula

PAGE_ROWS = 1000
COLUMNS = (
    *("short_url", "slug", "url", "title", "tags", "group", "status", "clicks"),
    *("expires_at", "max_clicks", "protected", "disabled", "comment", "external_id", "created_at"),
)


def stream(workspace_id: int, link_filter: LinkFilter) -> Iterator[bytes]:
    """Yields the file a page at a time, so that a million links need no memory. No cell can start a formula."""
    yield _csv([COLUMNS])
    after = None
    while True:
        with store.read() as db:
            rows = listing.page(db, workspace_id, link_filter, after, PAGE_ROWS)
            documents = link_documents(db, rows)
        yield _csv([_cell(document[name]) for name in COLUMNS] for document in documents)
        if len(rows) < PAGE_ROWS:
            return
        after = rows[-1].list_position


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return escape_formula("|".join(value))
    return escape_formula(str(value))


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(errors="replace")
