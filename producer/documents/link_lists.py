"""Links as clients see them: some of them, or all that are asked for as a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from models import store
from models.clicks import click_counts
from models.links import labels, links, listing
from models.links.links import Link
from models.links.listing import Asked
from models.store import Connection
from producer.documents import shapes
from producer.documents.results import safe

PAGE = 1000
COLUMNS = (
    *("short_url", "slug", "url", "title", "tags", "group", "status", "clicks"),
    *("expires_at", "max_clicks", "protected", "external_id", "created_at"),
)


def shown(db: Connection, rows: Sequence[Link]) -> list[dict[str, Any]]:
    """A page of links takes as many statements as one."""
    keys = [links.key(row) for row in rows]
    tags, counted = labels.of_links(db, keys), click_counts.totals(db, keys)
    return [shapes.link(row, tags.get(key, []), counted.get(key, 0)) for key, row in zip(keys, rows, strict=True)]


def as_csv(workspace_id: int, asked: Asked) -> Iterator[bytes]:
    """All that are asked for, a page at a time, so that a million need no memory; no cell is taken for a formula."""
    yield _csv([COLUMNS])
    after, more = None, True
    while more:
        with store.read() as db:
            rows = listing.page(db, workspace_id, asked, after, PAGE)
            found = shown(db, rows)
        yield _csv([_cell(link[name]) for name in COLUMNS] for link in found)
        more = len(rows) == PAGE
        after = listing.place_of(rows[-1]) if rows else None


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return safe("|".join(value) if isinstance(value, list) else "" if value is None else str(value))


def _csv(rows: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(errors="replace")
