"""Links as their workspace sees them: with domain, group and status, one by one or a page at a time."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, or_, select, tuple_

from models.errors import Gone
from models.jobs import jobs
from models.links import labels
from models.links.links import PLACE, Link, Place, is_key, placed
from models.tables import domains, groups, items, link_tags, links, tags, uses

ACTIVE, EXPIRED, USED_UP, DISABLED = "active", "expired", "used_up", "disabled"
STATUSES = (ACTIVE, EXPIRED, USED_UP, DISABLED)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Asked(NamedTuple):
    """Which links are wanted; what is None is no condition."""

    search: str | None = None
    tag: str | None = None
    group: str | None = None
    job: int | None = None
    status: str | None = None


def one(db: Connection, workspace_id: int, domain_id: int, slug: str, generation: int | None = None) -> Link | None:
    """A link of this workspace; when a generation is named, only that very one."""
    same = links.c.generation if generation is None else generation
    return db.execute(_shown(workspace_id).where(is_key(domain_id, slug, same))).one_or_none()


def page(db: Connection, workspace_id: int, asked: Asked, after: Place | None, limit: int) -> list[Link]:
    """The newest first."""
    query: Select[Any] | None = _shown(workspace_id)
    for narrow in (_searched, _with_status, _in_group, _with_tag, _of_job):
        query = narrow(db, query, workspace_id, asked) if query is not None else None
    if query is None:
        return []
    if after:
        query = query.where(tuple_(*PLACE) < placed(after))
    return list(db.execute(query.order_by(*(column.desc() for column in PLACE)).limit(limit)))


def place_of(row: Link) -> Place:
    return Place(row.created_at, row.slug, row.domain_id)


def cursor_of(row: Link) -> str:
    micros = (row.created_at - EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{micros} {row.domain_id} {row.slug}".encode()).decode().rstrip("=")


def parse_cursor(text: str) -> Place | None:
    try:
        micros, domain, slug = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode().split(" ")
        at = Place(EPOCH + timedelta(microseconds=int(micros)), slug, int(domain))
    except (ValueError, OverflowError):
        return None
    return at if 0 < at.domain_id < 1 << 63 and "\0" not in slug else None


def _shown(workspace_id: int) -> Select[Any]:
    """One query for all that a link has one of."""
    same_group = and_(groups.c.workspace_id == links.c.workspace_id, groups.c.id == links.c.group_id)
    columns = (links, domains.c.hostname, domains.c.is_default, groups.c.name.label("group_name"))
    query = select(*columns, _status().label("status")).join(domains, domains.c.id == links.c.domain_id)
    query = query.outerjoin(groups, same_group).outerjoin(
        uses, is_key(uses.c.domain_id, uses.c.slug, uses.c.generation)
    )
    return query.where(links.c.workspace_id == workspace_id)


def _status() -> ColumnElement[str]:
    return case(
        (links.c.disabled_at.is_not(None), DISABLED),
        (links.c.expires_at <= datetime.now(UTC), EXPIRED),
        (links.c.max_clicks <= func.coalesce(uses.c.used, 0), USED_UP),
        else_=ACTIVE,
    )


Narrowed = Select[Any] | None
"""A query with one condition more; None when nothing can meet it."""


def _searched(_db: Connection, query: Select[Any], _workspace_id: int, asked: Asked) -> Narrowed:
    if not asked.search:
        return query
    places = (links.c.url, links.c.slug, links.c.title)
    return query.where(
        or_(*(place.icontains(text, autoescape=True) for place in places for text in _cases(asked.search)))
    )


def _cases(text: str) -> set[str]:
    """A store may know upper and lower case of ASCII only: of other letters the usual spellings are tried."""
    return {text} if text.isascii() else {text, text.lower(), text.upper(), text.title()}


def _with_status(_db: Connection, query: Select[Any], _workspace_id: int, asked: Asked) -> Narrowed:
    return query.where(_status() == asked.status) if asked.status else query


def _in_group(db: Connection, query: Select[Any], workspace_id: int, asked: Asked) -> Narrowed:
    if asked.group is None:
        return query
    found = labels.named(db, groups, workspace_id, asked.group)
    return query.where(links.c.group_id == found) if found else None


def _with_tag(db: Connection, query: Select[Any], workspace_id: int, asked: Asked) -> Narrowed:
    if asked.tag is None:
        return query
    found = labels.named(db, tags, workspace_id, asked.tag)
    tied = (link_tags.c.workspace_id == workspace_id, link_tags.c.tag_id == found)
    key = is_key(link_tags.c.domain_id, link_tags.c.slug, link_tags.c.generation)
    return query.where(exists().where(*tied, key)) if found else None


def _of_job(db: Connection, query: Select[Any], workspace_id: int, asked: Asked) -> Narrowed:
    """By its items, which also name links that were there before: one link perhaps several times."""
    if asked.job is None:
        return query
    job = jobs.get(db, asked.job, workspace_id)
    if job is None:
        return None
    if job.cleared_at is not None:
        raise Gone("which links this job made is not known any more: its items are gone")
    named = select(items.c.slug, items.c.generation).where(items.c.job_id == job.id, items.c.slug.is_not(None))
    return query.where(links.c.domain_id == job.domain_id, tuple_(links.c.slug, links.c.generation).in_(named))
