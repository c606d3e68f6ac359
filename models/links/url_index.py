"""URL index: which link a URL has already, by the URL's hash, for workspaces that reuse links.

A match is a candidate only: another URL may have the same hash, and the link may have ended since.
Each URL may have one primary link, whose rank is 0. The primary key makes it unique, so of two jobs that would each
create one, only one can. All other links of a URL have random ranks.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, insert, or_, select, update

from models import store
from models.link_key import LinkKey, columns_of, rows_of
from models.store import Columns, rows
from models.tables import links, urls, workspaces


class Duplicates(StrEnum):
    """What an upload wants for a URL that has a link already."""

    CREATE = "create"
    REUSE = "reuse"


DEPENDS_ON = frozenset(("url", "password_hash", "max_clicks", "disabled_at"))
"""The columns of a link that decide whether it is indexed, and under which hash."""
PRIMARY = 0
HASH_BYTES = 8
LARGEST_RANK = 2**63 - 1
MOST_LINKS = 16  # of one URL that are looked at: it may have a million
USUAL_LINKS = 2  # of a URL: while there are not many more on average, one query reads all of them
MORE_LINKS = 256


class IndexedLink(NamedTuple):
    """A link found by a hash. `url` is None when the link was deleted."""

    domain_id: int
    slug: str
    generation: int
    hash: int
    rank: int
    url: str | None
    usable: bool
    """Whether the link may be given to another row: it is public, unlimited, enabled and has not expired."""

    @property
    def key(self) -> LinkKey:
        return LinkKey(self.domain_id, self.slug, self.generation)


def hashes(texts: Iterable[str]) -> list[int]:
    digests = b"".join([blake2b(text.encode(), digest_size=HASH_BYTES).digest() for text in texts])
    numbers: list[int] = np.frombuffer(digests, "<i8").tolist()
    return numbers


def random_ranks(count: int) -> list[int]:
    """Ranks for links that are not the primary ones of their URLs."""
    ranks: list[int] = np.random.default_rng().integers(PRIMARY + 1, LARGEST_RANK, count).tolist()
    return ranks


def is_kept(db: Connection, workspace_id: int) -> bool:
    """Whether the links of a workspace are indexed."""
    return bool(db.execute(select(workspaces.c.reuses).where(workspaces.c.id == workspace_id)).scalar_one())


def find(db: Connection, workspace_id: int, domain_id: int, url_hashes: Iterable[int]) -> list[IndexedLink]:
    """The links indexed under some hashes, primary ones first. Of a URL with very many links, only the first ones."""
    key = columns_of(urls)
    query = select(*key, urls.c.hash, urls.c.rank, links.c.url, _is_usable()).outerjoin(links, rows_of(links, key))
    query = query.where(urls.c.workspace_id == workspace_id, urls.c.domain_id == domain_id)
    indexed_links = _first_of_each(db, query, list(url_hashes))
    return sorted(indexed_links, key=attrgetter("rank", "slug"))


def _first_of_each(db: Connection, query: Select[Any], url_hashes: list[int]) -> list[IndexedLink]:
    """Read at most the first links of each hash. Where there are too many, halves show which hash has them."""
    if len(url_hashes) == 1:
        first = query.where(urls.c.hash == url_hashes[0]).order_by(urls.c.rank).limit(MOST_LINKS)
        return rows.many(db, IndexedLink, first)
    limit = USUAL_LINKS * len(url_hashes) + MORE_LINKS
    some = query.where(store.dialect().is_one_of(urls.c.hash, url_hashes)).limit(limit)
    indexed_links = rows.many(db, IndexedLink, some)
    if len(indexed_links) < limit:
        return indexed_links
    half = len(url_hashes) // 2
    return _first_of_each(db, query, url_hashes[:half]) + _first_of_each(db, query, url_hashes[half:])


def write(db: Connection, columns: Columns, count: int) -> None:
    """Index many links; raise DuplicateKey when a URL got another primary link meanwhile."""
    store.dialect().bulk_insert(db, urls, columns, count)


def demote(db: Connection, indexed_links: Iterable[IndexedLink]) -> None:
    """Make these primary links ordinary ones, so that their URLs can get another."""
    for link in indexed_links:
        primary = and_(urls.c.hash == link.hash, urls.c.rank == PRIMARY)
        this = and_(primary, urls.c.slug == link.slug, urls.c.domain_id == link.domain_id)
        db.execute(update(urls).where(this).values(rank=random_ranks(1)[0]))


def refresh(db: Connection, workspace_id: int, key: LinkKey) -> None:
    """Index a link again after one of the columns in DEPENDS_ON has changed."""
    if not is_kept(db, workspace_id):
        return
    remove(db, key)
    url = db.execute(select(links.c.url).where(rows_of(links, key), is_indexable())).scalar_one_or_none()
    if url is not None:
        entry = {"workspace_id": workspace_id, "hash": hashes([url])[0], "rank": random_ranks(1)[0]}
        db.execute(insert(urls).values(key._asdict() | entry))


def remove(db: Connection, key: LinkKey) -> None:
    db.execute(delete(urls).where(rows_of(urls, key)))


def is_indexable() -> ColumnElement[bool]:
    """Links without password or click limit: others may get them too."""
    return and_(links.c.password_hash.is_(None), links.c.max_clicks.is_(None))


def _is_usable() -> ColumnElement[Any]:
    has_not_expired = or_(links.c.expires_at.is_(None), links.c.expires_at > datetime.now(UTC))
    exists = links.c.slug.is_not(None)  # False where the outer join met no link
    return and_(exists, links.c.disabled_at.is_(None), is_indexable(), has_not_expired)
