"""Links as their workspace sees them: with domain, group and status, one by one or a page at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)

from models.cursors import ClickPosition, ItemPosition, LinkPosition, ListPosition
from models.link_key import LinkKey, columns_of, rows_of, rows_of_slugs
from models.links import job_links, labels, positions, tagging
from models.links.job_links import JobLinks
from models.links.labels import GROUPS, TAGS
from models.links.links import Link
from models.links.positions import LinkOrder, Place
from models.links.search import spans
from models.store import rows
from models.tables import clicks, domains, groups, links, uses
from models.tables.columns import StoredTime


class LinkStatus(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    USED_UP = "used_up"
    DISABLED = "disabled"


class ClickFilter(StrEnum):
    """Whether links were clicked, here or elsewhere before they came here. Bots do not count."""

    NONE = "none"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class LinkView(Link):
    """A link with what other tables say of it."""

    hostname: str
    is_default: bool
    group_name: str | None
    status: LinkStatus
    item_index: int | None = None
    """Of the job whose links are listed."""
    total_clicks: int | None = None
    """In a list by clicks, of the links that have any."""

    @property
    def list_position(self) -> ListPosition:
        position = _position(self.key, self.created_at, self.item_index)
        if self.total_clicks is not None:
            return ClickPosition(int(self.total_clicks), self.position)
        return position


class LinkFilter(NamedTuple):
    """Which links to list. None is no condition."""

    search: str | None = None
    tag: str | None = None
    group: str | None = None
    job: JobLinks | None = None
    status: str | None = None
    domain_id: int | None = None
    created_before: datetime | None = None
    created_after: datetime | None = None
    any_tags: Sequence[str] = ()
    """At least one of these, each a name or an id."""
    without_tag: str | None = None
    keys: Sequence[LinkKey] | None = None
    """These very links."""
    clicks: str | None = None


def find(db: Connection, workspace_id: int, key: LinkKey) -> LinkView | None:
    """This very link of a workspace."""
    return rows.one_or_none(db, LinkView, _view(workspace_id).where(rows_of(links, key)))


def find_by_slug(db: Connection, workspace_id: int, domain_id: int, slug: str) -> LinkView | None:
    """The workspace's link that has a slug now."""
    if "\0" in slug:  # PostgreSQL refuses such text
        return None
    query = _view(workspace_id).where(links.c.domain_id == domain_id, links.c.slug == slug)
    return rows.one_or_none(db, LinkView, query)


def page(
    db: Connection,
    workspace_id: int,
    link_filter: LinkFilter,
    after: ListPosition | None,
    limit: int,
    offset: int = 0,
    order: LinkOrder = LinkOrder.NEWEST,
) -> list[LinkView]:
    """Links behind a position: the newest first, or those of a job in the order of its items, or as `order` says."""
    conditions = all_conditions(db, workspace_id, link_filter)
    if conditions is None:
        return []
    query = positions.sort(views().where(*conditions), link_filter.job, after, order).offset(offset)
    parts = [true()] if offset else parts_of(db, workspace_id, link_filter, after, order == LinkOrder.OLDEST)
    return [LinkView(*row) for row in spans.read(db, query, limit, parts)]


def count(db: Connection, workspace_id: int, link_filter: LinkFilter, limit: int | None = None) -> int:
    """How many links match a filter, up to a limit."""
    conditions = all_conditions(db, workspace_id, link_filter)
    if conditions is None:
        return 0
    matches = select(links.c.slug).where(*conditions)
    if link_filter.job:
        matches = job_links.join_items(matches, link_filter.job)
    return spans.count(db, matches, limit, _large_parts_of(db, workspace_id, link_filter))


def keys_page(
    db: Connection, workspace_id: int, link_filter: LinkFilter, after: ListPosition | None, limit: int
) -> list[Place]:
    """The keys of the same links, and their positions."""
    conditions = all_conditions(db, workspace_id, link_filter)
    if conditions is None:
        return []
    query = select(*columns_of(links), links.c.created_at).where(*conditions)
    query = positions.sort(query, link_filter.job, after)
    page: list[Place] = []
    parts = _large_parts_of(db, workspace_id, link_filter, after)
    for *values, created_at, item_index in spans.read(db, query, limit, parts):
        key = LinkKey(*values)
        page.append((key, _position(key, created_at, item_index)))
    return page


def parts_of(
    db: Connection, workspace_id: int, link_filter: LinkFilter, after: ListPosition | None = None, oldest: bool = False
) -> Iterable[ColumnElement[bool]]:
    """The parts of a list to read, one after the other, until there are enough links for a page."""
    search = None if link_filter.job else link_filter.search  # a job's links have an order of their own
    before = after.created_at if isinstance(after, LinkPosition) else None
    return spans.parts(db, workspace_id, search, before, oldest)


def _large_parts_of(
    db: Connection, workspace_id: int, link_filter: LinkFilter, after: ListPosition | None = None
) -> Iterable[ColumnElement[bool]]:
    """The same for many pages at once."""
    if link_filter.job:
        return job_links.ranges(db, link_filter.job, after.at + 1 if isinstance(after, ItemPosition) else 0)
    return parts_of(db, workspace_id, link_filter, after)


def _position(key: LinkKey, created_at: datetime, item_index: int | None) -> ListPosition:
    if item_index is not None:
        return ItemPosition(item_index)
    return LinkPosition(created_at, key.slug, key.domain_id)


def _view(workspace_id: int) -> Select[Any]:
    return views().where(links.c.workspace_id == workspace_id)


def views() -> Select[Any]:
    """One query for all that a link has one of."""
    own_group = and_(groups.c.workspace_id == links.c.workspace_id, groups.c.id == links.c.group_id)
    query = select(
        *rows.columns(links, Link),
        domains.c.hostname,
        domains.c.is_default,
        groups.c.name.label("group_name"),
        _status().label("status"),
    )
    query = query.join(domains, domains.c.id == links.c.domain_id)
    query = query.outerjoin(groups, own_group)
    return query.outerjoin(uses, rows_of(uses, columns_of(links)))


def _status() -> ColumnElement[str]:
    return case(
        (links.c.disabled_at.is_not(None), LinkStatus.DISABLED),
        (links.c.expires_at <= datetime.now(UTC), LinkStatus.EXPIRED),
        (links.c.max_clicks <= func.coalesce(uses.c.used, 0), LinkStatus.USED_UP),
        else_=LinkStatus.ACTIVE,
    )


def _has_status(status: LinkStatus) -> ColumnElement[bool]:
    """The same, as conditions that the partial indexes of links have. They are in the order of `_status`."""
    is_disabled = links.c.disabled_at.is_not(None)
    has_expired = links.c.expires_at <= literal(datetime.now(UTC), StoredTime)
    counted = uses.alias("counted")
    is_used = exists().where(rows_of(counted, columns_of(links)), counted.c.used >= links.c.max_clicks)
    if status == LinkStatus.DISABLED:
        return is_disabled
    if status == LinkStatus.EXPIRED:
        return and_(~is_disabled, has_expired)
    is_open = and_(~is_disabled, or_(links.c.expires_at.is_(None), ~has_expired))
    if status == LinkStatus.USED_UP:
        return and_(is_open, links.c.max_clicks.is_not(None), is_used)
    return and_(is_open, or_(links.c.max_clicks.is_(None), ~is_used))


def all_conditions(db: Connection, workspace_id: int, link_filter: LinkFilter) -> list[ColumnElement[bool]] | None:
    """The conditions of a filter on a workspace's links; None when it names a group or tag that does not exist."""
    conditions = _of_workspace(workspace_id, link_filter.keys)
    if link_filter.search:
        conditions.append(spans.contains(link_filter.search))
    if link_filter.status:
        conditions.append(_has_status(LinkStatus(link_filter.status)))
    conditions += _of_place_and_time(link_filter)
    if link_filter.group is not None:
        group_id = labels.find_id(db, GROUPS, workspace_id, link_filter.group)
        if group_id is None:
            return None
        conditions.append(links.c.group_id == group_id)
    if link_filter.tag is not None:
        tag_id = labels.find_id(db, TAGS, workspace_id, link_filter.tag)
        if tag_id is None:
            return None
        conditions.append(tagging.has_tag(workspace_id, tag_id))
    return conditions + _of_tags(db, workspace_id, link_filter)


def _of_workspace(workspace_id: int, keys: Sequence[LinkKey] | None) -> list[ColumnElement[bool]]:
    """The condition on the workspace, and that on the very links."""
    if keys is None:
        return [links.c.workspace_id == workspace_id]
    if not keys:
        return [false()]
    # SQLite takes a workspace for smaller than a list of slugs, and would read all its links. A sum has no index.
    is_own = links.c.workspace_id + 0 == workspace_id
    return [is_own, rows_of_slugs(links, keys), tuple_(*columns_of(links)).in_(keys)]


def _of_place_and_time(link_filter: LinkFilter) -> list[ColumnElement[bool]]:
    """The conditions on the link itself. SQLite compares times as text, so both sides must be spelled alike."""
    conditions: list[ColumnElement[bool]] = []
    if link_filter.domain_id is not None:
        conditions.append(links.c.domain_id == link_filter.domain_id)
    if link_filter.created_before:
        conditions.append(links.c.created_at < literal(link_filter.created_before, StoredTime))
    if link_filter.created_after:
        conditions.append(links.c.created_at > literal(link_filter.created_after, StoredTime))
    if link_filter.clicks:
        conditions.append(_was_clicked() if link_filter.clicks == ClickFilter.SOME else ~_was_clicked())
    return conditions


def _of_tags(db: Connection, workspace_id: int, link_filter: LinkFilter) -> list[ColumnElement[bool]]:
    """The conditions on several tags; a tag that does not exist has no links."""
    conditions: list[ColumnElement[bool]] = []
    if link_filter.any_tags:
        tag_ids = [labels.find_id(db, TAGS, workspace_id, text) for text in link_filter.any_tags]
        conditions.append(or_(false(), *(tagging.has_tag(workspace_id, tag_id) for tag_id in tag_ids if tag_id)))
    if link_filter.without_tag:
        tag_id = labels.find_id(db, TAGS, workspace_id, link_filter.without_tag)
        conditions.append(~tagging.has_tag(workspace_id, tag_id or 0))
    return conditions


def _was_clicked() -> ColumnElement[bool]:
    counted = uses.alias("counted")  # the query itself may join `uses`
    key = columns_of(links)
    by_people = exists().where(rows_of(clicks, key), clicks.c.bot.is_(False))
    was_used = exists().where(rows_of(counted, key))
    return or_(by_people, was_used, func.coalesce(links.c.opening_clicks, 0) > 0)
