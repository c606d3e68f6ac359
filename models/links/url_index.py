"""Which link a URL has already: by the URL's hash, and only for workspaces that reuse links.

A link found so has still to be looked at: its URL tells what only has the same hash, and it may have ended since.
Of the links of one URL, the one whose turn is 0 is its own: of two jobs that would make one each, only one can.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, update

from models import store
from models.link_key import Key
from models.store import Columns
from models.tables import links, urls, workspaces

CREATE, REUSE = "create", "reuse"
SHOWN_BY = frozenset(("url", "password_hash", "max_clicks"))
"""Columns of a link that decide under which URL others find it, if at all."""
OWN = 0
HASH_BYTES = 8
LARGEST_TURN = 2**63 - 1

Noted = Row[*tuple[Any, ...]]

SAME_LINK = and_(links.c.domain_id == urls.c.domain_id, links.c.slug == urls.c.slug)


def hashes(texts: Iterable[str]) -> list[int]:
    digests = b"".join([blake2b(text.encode(), digest_size=HASH_BYTES).digest() for text in texts])
    found: list[int] = np.frombuffer(digests, "<i8").tolist()
    return found


def turns(count: int) -> list[int]:
    """Numbers for rows that are nobody's own."""
    found: list[int] = np.random.default_rng().integers(OWN + 1, LARGEST_TURN, count).tolist()
    return found


def kept(db: Connection, workspace_id: int) -> bool:
    """Whether the links of a workspace are noted here."""
    return bool(db.execute(select(workspaces.c.reuses).where(workspaces.c.id == workspace_id)).scalar_one())


def find(db: Connection, workspace_id: int, domain_id: int, wanted: Iterable[int]) -> list[Noted]:
    """What is noted under some hashes, own links first: each with its URL, and whether it may be given again."""
    mine = and_(urls.c.workspace_id == workspace_id, urls.c.domain_id == domain_id)
    same = and_(SAME_LINK, links.c.generation == urls.c.generation)
    query = select(urls, links.c.url, _alive().label("alive"))
    found = query.outerjoin(links, same).where(mine, store.dialect().among(urls.c.hash, list(wanted)))
    return sorted(db.execute(found).all(), key=lambda row: (row.turn, row.slug))


def write(db: Connection, columns: Columns, rows: int) -> None:
    """Notes links; errors.Taken when a URL got one of its own meanwhile."""
    store.dialect().bulk_insert(db, urls, columns, rows)


def let_go(db: Connection, rows: Iterable[Noted]) -> None:
    """These links are no longer their URLs' own: each may have another one."""
    for row in rows:
        this = (urls.c.hash == row.hash, urls.c.turn == OWN, urls.c.slug == row.slug, urls.c.domain_id == row.domain_id)
        db.execute(update(urls).where(*this).values(turn=turns(1)[0]))


def follow(db: Connection, workspace_id: int, key: Key) -> None:
    """Notes a link anew, after a change of where it leads or for whom."""
    if not kept(db, workspace_id):
        return
    forget(db, *key)
    domain_id, slug, generation = key
    this = (links.c.domain_id == domain_id, links.c.slug == slug, links.c.generation == generation)
    url = db.execute(select(links.c.url).where(*this, lasting())).scalar_one_or_none()
    if url is not None:
        row = {"workspace_id": workspace_id, "domain_id": domain_id, "slug": slug, "generation": generation}
        db.execute(insert(urls).values(row | {"hash": hashes([url])[0], "turn": turns(1)[0]}))


def forget(db: Connection, domain_id: int, slug: str, generation: int) -> None:
    this = (urls.c.domain_id == domain_id, urls.c.slug == slug, urls.c.generation == generation)
    db.execute(delete(urls).where(*this))


def lasting() -> ColumnElement[bool]:
    """Links that anybody may follow as often as they like."""
    return and_(links.c.password_hash.is_(None), links.c.max_clicks.is_(None))


def _alive() -> ColumnElement[bool]:
    ends = or_(links.c.expires_at.is_(None), links.c.expires_at > datetime.now(UTC))
    return and_(links.c.slug.is_not(None), links.c.disabled_at.is_(None), lasting(), ends)
