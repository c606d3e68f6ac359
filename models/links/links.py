"""Links: a slug on a domain, and where it leads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from models import store
from models.accounts import quotas
from models.clicks import click_counts, click_totals
from models.clicks.click_totals import OwnedKey
from models.cursors import LinkPosition
from models.errors import DuplicateKey
from models.link_key import LinkKey, rows_of
from models.links import tagging, title_queue, url_index
from models.links.search import unindexed
from models.partitions import link_slugs
from models.store import Columns, rows
from models.tables import links


@dataclass(frozen=True, slots=True)
class Link:
    """A row of `links`."""

    domain_id: int
    slug: str
    generation: int
    workspace_id: int
    job_id: int
    created_at: datetime
    expires_at: datetime | None
    max_clicks: int | None
    group_id: int | None
    url: str
    title: str | None
    password_hash: str | None
    external_id: str | None
    disabled_at: datetime | None
    comment: str | None
    opening_clicks: int | None

    @property
    def key(self) -> LinkKey:
        return LinkKey(self.domain_id, self.slug, self.generation)

    @property
    def position(self) -> LinkPosition:
        return LinkPosition(self.created_at, self.slug, self.domain_id)


class LinkRef(NamedTuple):
    """The key of a link, as items have it."""

    slug: str
    generation: int
    domain_id: int


def write(db: Connection, columns: Columns, count: int) -> None:
    """Insert many links; raise DuplicateKey when a slug or external id is in use."""
    if count:
        store.dialect().bulk_insert(db, links, columns, count)
        unindexed.note(db, columns["workspace_id"], columns["created_at"])
        if "opening_clicks" in columns:
            click_totals.add_opening(db, _opening_clicks(columns))


def _opening_clicks(columns: Columns) -> dict[OwnedKey, int]:
    """The clicks that new links bring along."""
    counts = columns["opening_clicks"]
    cells: list[Iterable[Any]] = []
    for name in ("domain_id", "slug", "generation", "workspace_id"):
        cells.append(columns[name] if isinstance(columns[name], list) else repeat(columns[name], len(counts)))
    return {key: count for key, count in zip(zip(*cells, strict=False), counts, strict=False) if count}


def used_slugs(db: Connection, domain_id: int, slugs: Sequence[str]) -> set[str]:
    """Those of some slugs that links of a domain have already."""
    if not slugs:
        return set()
    if link_slugs.are_apart(db, slugs):
        return link_slugs.find_used(db, domain_id, slugs)
    return set(store.dialect().find_existing(db, links.c.slug, slugs, links.c.domain_id == domain_id))


def by_external_id(db: Connection, workspace_id: int, external_ids: Sequence[str]) -> dict[str, LinkRef]:
    """The workspace's links that have one of these external ids."""
    if not external_ids:
        return {}
    in_workspace = links.c.workspace_id == workspace_id
    query = select(links.c.external_id, links.c.slug, links.c.generation, links.c.domain_id)
    query = query.where(in_workspace, store.dialect().is_one_of(links.c.external_id, external_ids))
    return {row.external_id: LinkRef(row.slug, row.generation, row.domain_id) for row in db.execute(query)}


def get(db: Connection, domain_id: int, slug: str) -> Link | None:
    query = select(*rows.columns(links, Link)).where(links.c.domain_id == domain_id, links.c.slug == slug)
    return rows.one_or_none(db, Link, query)


def change(db: Connection, link: Link, values: dict[str, Any]) -> bool:
    """Change columns of a link. Return False when it was deleted; DuplicateKey: the external id is another's."""
    if not values:
        return True
    try:
        changed = db.execute(update(links).where(rows_of(links, link.key)).values(values)).rowcount
    except IntegrityError as error:
        raise DuplicateKey(str(error)) from error
    if changed and not unindexed.DEPENDS_ON.isdisjoint(values):
        unindexed.note_link(db, link.key)
    if changed and not url_index.DEPENDS_ON.isdisjoint(values):
        url_index.refresh(db, link.workspace_id, link.key)
    return bool(changed)


def remove(db: Connection, link: Link) -> bool:
    """Delete this very link and its rows in other tables. Its slug and external id are free again."""
    if not db.execute(delete(links).where(rows_of(links, link.key))).rowcount:
        return False
    tagging.remove(db, link.key)
    title_queue.remove(db, link.key)
    url_index.remove(db, link.key)
    click_counts.remove(db, link.key)
    quotas.free(db, link.workspace_id, 1)
    return True
