"""Hashing: the URLs of links that were there before their workspace first reused any, noted batch by batch.

`workspaces.reuses` is set first: from then on every new link is noted as it is made. `hashed_to` says how far the
older ones are, so that whoever goes on with it begins there, and is null again when all of them are noted.
"""

from typing import Any

from sqlalchemy import Connection, Select, and_, select, tuple_, update

from models import store
from models.links import listing, url_index
from models.links.links import PLACE, Place, placed
from models.tables import links, workspaces

AT_ONCE = 20_000
START = ""


def ready(db: Connection, workspace_id: int) -> bool:
    done = and_(workspaces.c.reuses, workspaces.c.hashed_to.is_(None))
    return bool(db.execute(select(done).where(workspaces.c.id == workspace_id)).scalar_one())


def begin(db: Connection, workspace_id: int) -> None:
    new = and_(workspaces.c.id == workspace_id, ~workspaces.c.reuses)
    db.execute(update(workspaces).where(new).values(reuses=True, hashed_to=START))


def go_on(db: Connection, workspace_id: int) -> bool:
    """Notes some more; False when there are none left. One at a time, so that nothing is noted twice."""
    store.dialect().lock(db, f"hashing {workspace_id}")
    this = workspaces.c.id == workspace_id
    reached = db.execute(select(workspaces.c.hashed_to).where(this)).scalar_one()
    if reached is None:
        return False
    rows = db.execute(_next(workspace_id, listing.parse_cursor(reached))).all()
    if rows:
        url_index.write(db, _columns(workspace_id, rows), len(rows))
    more = len(rows) == AT_ONCE
    db.execute(update(workspaces).where(this).values(hashed_to=listing.cursor_of(rows[-1]) if more else None))
    return more


def _next(workspace_id: int, after: Place | None) -> Select[Any]:
    query = select(*PLACE, links.c.generation, links.c.url).where(
        links.c.workspace_id == workspace_id, url_index.lasting()
    )
    if after:
        query = query.where(tuple_(*PLACE) > placed(after))
    return query.order_by(*PLACE).limit(AT_ONCE)


def _columns(workspace_id: int, rows: Any) -> dict[str, Any]:
    """Sorted by their key, like all that is written in bulk."""
    found = sorted(zip(url_index.hashes(row.url for row in rows), url_index.turns(len(rows)), rows, strict=True))
    return {
        "workspace_id": workspace_id,
        "domain_id": [row.domain_id for _, _, row in found],
        "hash": [number for number, _, _ in found],
        "turn": [turn for _, turn, _ in found],
        "slug": [row.slug for _, _, row in found],
        "generation": [row.generation for _, _, row in found],
    }
