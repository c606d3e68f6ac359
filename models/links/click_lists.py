"""Lists of links by clicks: those with the most first, and behind them those that have none, in their usual order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, literal, null, tuple_

from models.clicks import click_totals
from models.clicks.click_totals import RANK
from models.cursors import ClickPosition, ItemPosition, ListPosition
from models.link_key import LinkKey, columns_of, rows_of
from models.links import job_links, listing, positions
from models.links.listing import LinkFilter, LinkView
from models.links.positions import Place
from models.links.search import spans
from models.store import rows
from models.tables import link_clicks, links

SHORT_LIST = 2_000
"""A list of fewer links is sorted. A longer one is read by an index of all links with clicks, where it has enough."""


def page(
    db: Connection, workspace_id: int, link_filter: LinkFilter, after: ListPosition | None, limit: int
) -> list[LinkView]:
    """Links behind a position."""
    if link_filter != LinkFilter():
        places = listing.keys_page(db, workspace_id, link_filter, None, SHORT_LIST)
        if len(places) < SHORT_LIST:
            return _page_of_short_list(db, workspace_id, places, after, limit)
    return _page_of_long_list(db, workspace_id, link_filter, after, limit)


def _page_of_short_list(
    db: Connection, workspace_id: int, places: Sequence[Place], after: ListPosition | None, limit: int
) -> list[LinkView]:
    totals = click_totals.totals(db, [key for key, _ in places])
    keys = _rank(places, totals, after)[:limit]
    views = {view.key: view for view in listing.page(db, workspace_id, LinkFilter(keys=keys), None, limit)}
    usual = dict(places)
    some: list[LinkView] = []
    for key in keys:
        if key in views:
            position = usual[key]
            item_index = position.at if isinstance(position, ItemPosition) else None
            some.append(replace(views[key], item_index=item_index, total_clicks=totals.get(key) or None))
    return some


def _rank(places: Sequence[Place], totals: Mapping[LinkKey, int], after: ListPosition | None) -> list[LinkKey]:
    """Sort links, and begin behind a position."""
    clicked = [key for key, _ in places if totals.get(key)]
    clicked.sort(key=lambda key: (totals[key], key), reverse=True)
    others = [place for place in places if not totals.get(place[0])]
    if isinstance(after, ClickPosition):
        last = after.clicks, after.link.domain_id, after.link.slug
        clicked = [key for key in clicked if (totals[key], *key.name) < last]
    elif after is not None:
        clicked = []
        others = [place for place in others if positions.is_behind(place[1], after)]
    return clicked + [key for key, _ in others]


def _page_of_long_list(
    db: Connection, workspace_id: int, link_filter: LinkFilter, after: ListPosition | None, limit: int
) -> list[LinkView]:
    conditions = listing.all_conditions(db, workspace_id, link_filter)
    if conditions is None:
        return []
    query = listing.views().where(*conditions)
    some: list[LinkView] = []
    if after is None or isinstance(after, ClickPosition):
        clicked = query.where(job_links.belongs_to(link_filter.job)) if link_filter.job else query
        some = rows.many(db, LinkView, _sort(clicked, workspace_id, after).limit(limit))
        after = None
    if len(some) < limit:
        others = positions.sort(query.where(~click_totals.has_any()), link_filter.job, after)
        parts = listing.parts_of(db, workspace_id, link_filter, after)
        some += [LinkView(*row) for row in spans.read(db, others, limit - len(some), parts)]
    return some


def _sort(query: Select[Any], workspace_id: int, after: ClickPosition | None) -> Select[Any]:
    """Restrict a query to links with clicks, the most first, behind a position, and add their clicks."""
    query = query.join(link_clicks, rows_of(link_clicks, columns_of(links)))
    query = query.add_columns(null(), link_clicks.c.total)
    query = query.where(link_clicks.c.workspace_id == workspace_id, link_clicks.c.total > 0)
    if after:
        position = tuple_(literal(after.clicks), literal(after.link.domain_id), literal(after.link.slug))
        query = query.where(tuple_(*RANK) < position)
    return query.order_by(*(column.desc() for column in RANK))
