"""Links: a slug on a domain, and where it leads."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from models import store
from models.store import Columns
from models.tables import links

GENERATION_BITS = 31

Link = Row[*tuple[Any, ...]]


def new_generation() -> int:
    """Tells a link from another that had the same slug before. One number serves all rows of one transaction."""
    return secrets.randbits(GENERATION_BITS)


def write(db: Connection, columns: Columns, rows: int) -> None:
    if rows:
        store.dialect().bulk_insert(db, links, columns, rows)


def taken(db: Connection, domain_id: int, slugs: Sequence[str]) -> set[str]:
    return set(store.dialect().present(db, links.c.slug, slugs, links.c.domain_id == domain_id)) if slugs else set()


def known(db: Connection, workspace_id: int, external_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    """The workspace's links that have one of these external ids: slug and generation of each."""
    if not external_ids:
        return {}
    mine = links.c.workspace_id == workspace_id
    found = set(store.dialect().present(db, links.c.external_id, external_ids, mine))
    query = select(links.c.external_id, links.c.slug, links.c.generation).where(mine, links.c.external_id.in_(found))
    return {row.external_id: (row.slug, row.generation) for row in db.execute(query)}


def get(db: Connection, domain_id: int, slug: str) -> Row[*tuple[Any, ...]] | None:
    return db.execute(select(links).where(links.c.domain_id == domain_id, links.c.slug == slug)).one_or_none()


def link_id(domain_id: int, slug: str, generation: int) -> str:
    """What clients know a link by: it names this very link, not another that gets the slug later."""
    return f"{domain_id:x}-{generation:x}-{slug}"


def parse_link_id(text: str) -> tuple[int, str, int] | None:
    try:
        domain, generation, slug = text.split("-", 2)
        return int(domain, 16), slug, int(generation, 16)
    except ValueError:
        return None
