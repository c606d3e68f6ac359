"""URL backfill: adds the links that a workspace had before its first reuse to the URL index, batch by batch.

`workspaces.reuses` is set first: from then on every new link is indexed when it is created. `url_backfill_cursor` is
the position up to which older links are indexed, so that a worker can continue for another; NULL once all of them are.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, select, tuple_, update

from models import cursors, store
from models.cursors import LinkPosition
from models.links import positions, url_index
from models.store import rows
from models.tables import links, workspaces

START = ""


class _OldLink(NamedTuple):
    """The columns are those of the order first, as positions.COLUMNS has them."""

    created_at: Any
    slug: str
    domain_id: int
    generation: int
    url: str


def is_complete(db: Connection, workspace_id: int) -> bool:
    complete = and_(workspaces.c.reuses, workspaces.c.url_backfill_cursor.is_(None))
    return bool(db.execute(select(complete).where(workspaces.c.id == workspace_id)).scalar_one())


def start(db: Connection, workspace_id: int) -> None:
    """Index new links of a workspace from now on. Does nothing when they are indexed already."""
    not_started = and_(workspaces.c.id == workspace_id, ~workspaces.c.reuses)
    db.execute(update(workspaces).where(not_started).values(reuses=True, url_backfill_cursor=START))


def step(db: Connection, workspace_id: int, batch_size: int) -> bool:
    """Index the next batch; return whether there are more. One worker at a time, so no link is indexed twice."""
    store.dialect().lock(db, f"hashing {workspace_id}")
    workspace = workspaces.c.id == workspace_id
    indexed_up_to = db.execute(select(workspaces.c.url_backfill_cursor).where(workspace)).scalar_one()
    if indexed_up_to is None:
        return False
    batch = rows.many(db, _OldLink, _next_batch(workspace_id, cursors.decode_position(indexed_up_to), batch_size))
    if batch:
        url_index.write(db, _columns(workspace_id, batch), len(batch))
    if len(batch) < batch_size:
        db.execute(update(workspaces).where(workspace).values(url_backfill_cursor=None))
        return False
    last = batch[-1]
    cursor = cursors.encode_position(LinkPosition(last.created_at, last.slug, last.domain_id))
    db.execute(update(workspaces).where(workspace).values(url_backfill_cursor=cursor))
    return True


def _next_batch(workspace_id: int, after: LinkPosition | None, batch_size: int) -> Select[Any]:
    query = select(*positions.COLUMNS, links.c.generation, links.c.url)
    query = query.where(links.c.workspace_id == workspace_id, url_index.is_indexable())
    if after:
        query = query.where(tuple_(*positions.COLUMNS) > positions.literal_of(after))
    return query.order_by(*positions.COLUMNS).limit(batch_size)


def _columns(workspace_id: int, batch: Sequence[_OldLink]) -> dict[str, Any]:
    """Sorted by primary key, as all bulk writes are: two writers then never deadlock."""
    url_hashes = url_index.hashes(link.url for link in batch)
    ranks = url_index.random_ranks(len(batch))
    entries = sorted(zip(url_hashes, ranks, batch, strict=True))
    return {
        "workspace_id": workspace_id,
        "domain_id": [link.domain_id for _, _, link in entries],
        "hash": [url_hash for url_hash, _, _ in entries],
        "rank": [rank for _, rank, _ in entries],
        "slug": [link.slug for _, _, link in entries],
        "generation": [link.generation for _, _, link in entries],
    }
