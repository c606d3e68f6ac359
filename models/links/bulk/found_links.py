"""Found links: those that the rows of a shard name, read and locked with one statement."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, or_, select

from models import store
from models.tables import links


class SoughtLinks(NamedTuple):
    """What the links of a workspace are named by."""

    external_ids: Collection[str]
    slugs: Mapping[int, Collection[str]]
    """By domain."""


FoundLink = Sequence[Any]
"""A link as the transaction that locked it sees it: its row id, the parts of its key, and the columns asked for."""


def find(
    db: Connection, workspace_id: int, sought: SoughtLinks, columns: Sequence[str], lock: bool = True
) -> Sequence[FoundLink]:
    """Read links in the order of their keys. `lock`: nobody else changes them until the transaction ends.

    All transactions lock links in this order, so no two wait for each other.
    """
    names = []
    if sought.external_ids:
        names.append(store.dialect().is_one_of(links.c.external_id, list(sought.external_ids), "external_ids"))
    for domain_id, slugs in sorted(sought.slugs.items()):
        has_slug = store.dialect().is_one_of(links.c.slug, list(slugs), f"slugs_{domain_id}")
        names.append(and_(links.c.domain_id == domain_id, has_slug))
    if not names:
        return []
    row_id = store.dialect().row_id(links).label("row_id")
    query = select(row_id, links.c.domain_id, links.c.slug, links.c.generation, *(links.c[name] for name in columns))
    query = query.where(links.c.workspace_id == workspace_id, or_(*names)).order_by(links.c.domain_id, links.c.slug)
    if lock:
        query = query.with_for_update(of=links)
    return db.execute(query).all()
