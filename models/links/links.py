"""Links: a slug on a domain, and where it leads."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, literal, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from models import store
from models.accounts import quotas
from models.clicks import click_counts
from models.errors import Taken
from models.link_key import Key
from models.links import labels, title_queue, url_index
from models.store import Columns
from models.tables import links
from models.tables.columns import AsMade

GENERATION_BITS = 31
ID = re.compile(r"([1-9a-f][0-9a-f]{0,15})-(0|[1-9a-f][0-9a-f]{0,7})-([A-Za-z0-9_-]{1,64})")

AT_ONCE = 20_000  # links that lose their group in one transaction
PLACE = (links.c.created_at, links.c.slug, links.c.domain_id)

Link = Row[*tuple[Any, ...]]


class Place(NamedTuple):
    """Where a link stands among those of its workspace. Those of one job share their created_at, so the key counts."""

    created_at: datetime
    slug: str
    domain_id: int


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


def get(db: Connection, domain_id: int, slug: str) -> Link | None:
    return db.execute(select(links).where(links.c.domain_id == domain_id, links.c.slug == slug)).one_or_none()


def change(db: Connection, link: Link, values: dict[str, Any]) -> bool:
    """Changes this very link; False when it is not there any more, errors.Taken when the external id is another's."""
    try:
        found = not values or db.execute(update(links).where(is_key(*key(link))).values(values)).rowcount == 1
    except IntegrityError as error:
        raise Taken(str(error)) from error
    if found and not url_index.SHOWN_BY.isdisjoint(values):
        url_index.follow(db, link.workspace_id, key(link))
    return found


def remove(db: Connection, link: Link) -> bool:
    """Deletes this very link and all that hangs on it; its slug and external id are free again."""
    if not db.execute(delete(links).where(is_key(*key(link)))).rowcount:
        return False
    labels.untie(db, *key(link))
    title_queue.forget(db, *key(link))
    url_index.forget(db, *key(link))
    click_counts.forget(db, *key(link))
    quotas.freed(db, link.workspace_id, 1)
    return True


def ungroup(db: Connection, workspace_id: int, group_id: int, after: Place | None) -> Place | None:
    """Takes the next links behind a place out of a group; tells how far that was, None when there are no more."""
    inside = [links.c.workspace_id == workspace_id, links.c.group_id == group_id]
    inside += [tuple_(*PLACE) > placed(after)] if after else []
    rows = db.execute(select(*PLACE).where(*inside).order_by(*PLACE).limit(AT_ONCE)).all()
    last = Place(*rows[-1]) if rows else None
    if last:
        db.execute(update(links).where(*inside, tuple_(*PLACE) <= placed(last)).values(group_id=None))
    return last


def placed(place: Place) -> Any:
    """A place, to be compared with PLACE."""
    return tuple_(literal(place.created_at, AsMade), literal(place.slug), literal(place.domain_id))


def key(row: Link) -> Key:
    return row.domain_id, row.slug, row.generation


def is_key(domain_id: Any, slug: Any, generation: Any) -> ColumnElement[bool]:
    return and_(links.c.domain_id == domain_id, links.c.slug == slug, links.c.generation == generation)


def link_id(domain_id: int, slug: str, generation: int) -> str:
    """What clients know a link by: it names this very link, not another that gets the slug later."""
    return f"{domain_id:x}-{generation:x}-{slug}"


def parse_link_id(text: str) -> Key | None:
    found = ID.fullmatch(text)
    if found is None:
        return None
    domain_id, generation = int(found[1], 16), int(found[2], 16)
    return (domain_id, found[3], generation) if domain_id >> 63 == 0 and generation >> GENERATION_BITS == 0 else None
