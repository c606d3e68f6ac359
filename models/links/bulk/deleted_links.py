"""Deleted links: kept whole for the undo of the job that deleted them, until its retention ends.

What other tables say of a link is named by its generation too, and so stays where it is meanwhile: tags and clicks.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, select, true

from models import store
from models.link_key import LinkKey
from models.links.bulk import side_tables
from models.links.search import unindexed
from models.store.dialect import ROW_ID
from models.tables import deleted_links, links


class DeletedLink(NamedTuple):
    """A link that can be brought back."""

    row_id: Any
    item_index: int
    domain_id: int
    slug: str
    generation: int
    external_id: str | None
    created_at: datetime
    url: str
    is_indexable: bool
    """Whether other rows may get the link too. See `url_index.is_indexable`."""

    @property
    def key(self) -> LinkKey:
        return LinkKey(self.domain_id, self.slug, self.generation)


def move(db: Connection, job_id: int, indexes: Sequence[int], row_ids: Sequence[Any], keys: Sequence[LinkKey]) -> None:
    """Delete locked links, and keep them under the items that deleted them."""
    if not row_ids:
        return
    columns = {"deleted_by": [job_id] * len(row_ids), "item_index": list(indexes)}
    store.dialect().bulk_move(db, links, deleted_links, {ROW_ID: row_ids, "slug": [key.slug for key in keys]}, columns)
    side_tables.remove_from_queues(db, keys)


def in_range(db: Connection, job_id: int, first: int, rows: int) -> list[DeletedLink]:
    """The links that a range of items deleted, locked, in the order of their keys."""
    own = (deleted_links.c.domain_id, deleted_links.c.slug, deleted_links.c.generation, deleted_links.c.external_id)
    described = (deleted_links.c.created_at, deleted_links.c.url)
    is_indexable = and_(deleted_links.c.password_hash.is_(None), deleted_links.c.max_clicks.is_(None))
    row_id = store.dialect().row_id(deleted_links)
    query = select(row_id, deleted_links.c.item_index, *own, *described, is_indexable)
    query = query.where(_in_range(job_id, first, first + rows)).order_by(*own[:2]).with_for_update()
    return [DeletedLink(*row) for row in db.execute(query)]


def bring_back(db: Connection, workspace_id: int, some: Collection[DeletedLink], reuses: bool) -> None:
    """Make links of deleted ones again. Raise DuplicateKey when a slug or external id is in use.

    `reuses`: the workspace's links are in the URL index.
    """
    if not some:
        return
    store.dialect().bulk_move(db, deleted_links, links, {ROW_ID: [link.row_id for link in some]}, {})
    moments = [link.created_at for link in some]
    unindexed.note_span(db, workspace_id, min(moments), max(moments))
    if reuses:
        indexable = [link for link in some if link.is_indexable]
        side_tables.add_urls(db, workspace_id, [link.key for link in indexable], [link.url for link in indexable])


def purge(db: Connection, job_id: int, first: int, end: int) -> None:
    """Forget the links that a range of items deleted, and what describes them."""
    in_range = _in_range(job_id, first, end)
    own = (deleted_links.c.domain_id, deleted_links.c.slug, deleted_links.c.generation)
    keys = [LinkKey(*row) for row in db.execute(select(*own).where(in_range))]
    # A link that was renamed since may have the key of a deleted one.
    used_keys = side_tables.rows_of_keys(db, links, keys, true())
    side_tables.remove_descriptions(db, [key for key in keys if key not in used_keys])
    db.execute(delete(deleted_links).where(in_range))


def _in_range(job_id: int, first: int, end: int) -> Any:
    index = deleted_links.c.item_index
    return and_(deleted_links.c.deleted_by == job_id, index >= first, index < end)
