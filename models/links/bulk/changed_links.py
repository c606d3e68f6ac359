"""Changed links: many locked links get new values, or new slugs, with one statement a table."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select

from models import store
from models.clicks import click_totals
from models.clicks.click_totals import OwnedKey
from models.link_key import LinkKey, columns_of
from models.links.bulk import side_tables
from models.links.bulk.side_tables import key_columns
from models.store import Columns
from models.store.dialect import ROW_ID
from models.tables import clicks, link_clicks, link_tags, links, untitled, urls, uses

NAMED_BY_SLUG = (links, link_tags, clicks, link_clicks, uses, untitled, urls)
UNIQUE = "external_id"
OPENING = "opening_clicks"

Renaming = tuple[LinkKey, str]
"""A link, and the slug that it gets."""


def write(db: Connection, row_ids: Sequence[Any], keys: Sequence[LinkKey], columns: Columns) -> None:
    """Give locked links new values. Raise DuplicateKey when another link has an external id."""
    if OPENING in columns:
        _add_opening_clicks(db, keys, columns[OPENING])
    locked = {ROW_ID: row_ids, "slug": [key.slug for key in keys]}
    if UNIQUE not in columns:
        store.dialect().bulk_update(db, links, locked, columns)
        return
    # Two links may swap theirs, and a database compares them row by row.
    store.dialect().bulk_update(db, links, locked, {UNIQUE: [None] * len(row_ids)})
    store.dialect().bulk_update(db, links, key_columns(keys), columns)


def _add_opening_clicks(db: Connection, keys: Sequence[LinkKey], counts: Sequence[int | None]) -> None:
    """Have the totals of clicks follow, before the links lose their former values."""
    former: dict[LinkKey, tuple[int, int]] = {}
    for domain_id, slugs in side_tables.slugs_by_domain(keys).items():
        query = select(*columns_of(links), links.c.workspace_id, func.coalesce(links.c.opening_clicks, 0))
        query = query.where(links.c.domain_id == domain_id, store.dialect().is_one_of(links.c.slug, slugs))
        for *own, workspace_id, count in db.execute(query):
            former[LinkKey(*own)] = workspace_id, count
    changes: dict[OwnedKey, int] = {}
    for key, count in zip(keys, counts, strict=True):
        workspace_id, former_count = former[key]
        changes[*key, workspace_id] = (count or 0) - former_count
    click_totals.add_opening(db, changes)


def rename(db: Connection, renamings: Sequence[Renaming]) -> None:
    """Give links new slugs, in every table that names them. Raise DuplicateKey when a slug is in use."""
    former = {key.name for key, _ in renamings}
    if any((key.domain_id, slug) in former for key, slug in renamings):
        renamings = _step_aside(db, renamings)
    # Links of an upload share a generation, so a deleted one may have left tags and clicks under the new key.
    side_tables.remove_descriptions(db, [key._replace(slug=slug) for key, slug in renamings])
    for table in NAMED_BY_SLUG:
        _rename(db, table, renamings)


def _step_aside(db: Connection, renamings: Sequence[Renaming]) -> Sequence[Renaming]:
    """Some of them swap slugs: first each gets one that nobody has."""
    mark = f"~{secrets.token_hex(16)}~"
    aside = [(key, f"{mark}{place}") for place, (key, _) in enumerate(renamings)]
    for table in NAMED_BY_SLUG:
        _rename(db, table, aside)
    moved = zip(aside, renamings, strict=True)
    return [(key._replace(slug=slug), final) for (key, slug), (_, final) in moved]


def _rename(db: Connection, table: Table, renamings: Sequence[Renaming]) -> None:
    if renamings:
        keys = key_columns([key for key, _ in renamings])
        store.dialect().bulk_update(db, table, keys, {"slug": [slug for _, slug in renamings]})
