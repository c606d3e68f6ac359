"""Changed links: many locked links get new values, or new slugs, with one statement a table."""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

from models import store
from models.link_key import LinkKey
from models.links.bulk import side_tables
from models.links.bulk.side_tables import key_columns
from models.store import Columns
from models.store.dialect import ROW_ID
from models.tables import clicks, link_tags, links, untitled, urls, uses

NAMED_BY_SLUG = (links, link_tags, clicks, uses, untitled, urls)
UNIQUE = "external_id"

Renaming = tuple[LinkKey, str]
"""A link, and the slug that it gets."""


def write(db: Connection, row_ids: Sequence[Any], keys: Sequence[LinkKey], columns: Columns) -> None:
    """Give locked links new values. Raise DuplicateKey when another link has an external id."""
    if UNIQUE not in columns:
        store.dialect().bulk_update(db, links, {ROW_ID: row_ids}, columns)
        return
    # Two links may swap theirs, and a database compares them row by row.
    store.dialect().bulk_update(db, links, {ROW_ID: row_ids}, {UNIQUE: [None] * len(row_ids)})
    store.dialect().bulk_update(db, links, key_columns(keys), columns)


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
