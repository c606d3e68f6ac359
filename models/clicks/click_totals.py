"""All clicks of each link that has any: those of people that were counted here, and those from before it came here."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, Connection, exists, select

from models import store
from models.link_key import LinkKey, columns_of, rows_of, rows_of_slugs
from models.tables import link_clicks, links

OwnedKey = tuple[int, str, int, int]
"""A link key, and the workspace of the link."""
NEVER = date.min
RANK = (link_clicks.c.total, link_clicks.c.domain_id, link_clicks.c.slug)
"""What links with clicks are sorted by. An index of each workspace has this order."""


def add(db: Connection, counts: Mapping[OwnedKey, int]) -> None:
    """Add clicks that were counted here."""
    _add(db, counts, datetime.now(UTC).date(), replaced=("last_day",))


def add_opening(db: Connection, counts: Mapping[OwnedKey, int]) -> None:
    """Add clicks that were counted elsewhere; take some away where a count is below zero."""
    _add(db, counts, NEVER, replaced=())


def _add(db: Connection, counts: Mapping[OwnedKey, int], day: date, replaced: Sequence[str]) -> None:
    if not counts:
        return
    keys = sorted(counts)  # two transactions that add to the same rows then never deadlock
    domain_ids, slugs, generations, workspace_ids = map(list, zip(*keys, strict=True))
    columns = {
        "domain_id": domain_ids,
        "slug": slugs,
        "generation": generations,
        "workspace_id": workspace_ids,
        "last_day": [day] * len(keys),
        "total": [counts[key] for key in keys],
    }
    store.dialect().bulk_add_counts(db, link_clicks, columns, "total", replaced)


def totals(db: Connection, keys: Collection[LinkKey]) -> dict[LinkKey, int]:
    """All clicks of each of these links that has any."""
    if not keys:
        return {}
    query = select(*columns_of(link_clicks), link_clicks.c.total).where(rows_of_slugs(link_clicks, keys))
    return {LinkKey(*columns): total for *columns, total in db.execute(query)}


def has_any() -> ColumnElement[bool]:
    """Whether a link has clicks."""
    return exists().where(rows_of(link_clicks, columns_of(links)), link_clicks.c.total > 0)
