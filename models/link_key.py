"""Link keys: what names one link in other tables, and the public link id."""

import base64
import re
import secrets
from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, and_, or_

GENERATION_BITS = 31
DOMAIN_ID_BITS = 63
LINK_ID = re.compile(r"([1-9a-f][0-9a-f]{0,15})-(0|[1-9a-f][0-9a-f]{0,7})-(~?)([A-Za-z0-9_-]{1,1024})")
PLAIN_SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")


LinkName = tuple[int, str]
"""The domain and the slug of a link, as its visitors name it."""


class LinkKey(NamedTuple):
    """Names one link. A slug that is deleted and made again has another generation."""

    domain_id: int
    slug: str
    generation: int

    @property
    def name(self) -> LinkName:
        return self.domain_id, self.slug


def new_generation() -> int:
    """Draw the generation that all links of one transaction share."""
    return secrets.randbits(GENERATION_BITS)


def columns_of(table: FromClause) -> tuple[Any, Any, Any]:
    """The columns of a table that hold a link key."""
    return table.c.domain_id, table.c.slug, table.c.generation


def rows_of(table: FromClause, key: tuple[Any, Any, Any]) -> ColumnElement[bool]:
    """Match a table's rows of one link. `key` is a LinkKey, or the key columns of another table to join."""
    domain_id, slug, generation = key
    return and_(table.c.domain_id == domain_id, table.c.slug == slug, table.c.generation == generation)


def rows_of_slugs(table: FromClause, keys: Collection[LinkKey]) -> ColumnElement[bool]:
    """Match a table's rows of many links, and of former links with the same slugs.

    SQLite uses no index for a list of whole keys, so callers look the generation up in the result.
    """
    slugs: dict[int, list[str]] = {}
    for key in keys:
        slugs.setdefault(key.domain_id, []).append(key.slug)
    return or_(*(and_(table.c.domain_id == domain_id, table.c.slug.in_(some)) for domain_id, some in slugs.items()))


def format_link_id(key: LinkKey) -> str:
    """The id by which clients name this very link. It can be a part of a path, whatever the slug is."""
    return f"{key.domain_id:x}-{key.generation:x}-{_encode_slug(key.slug)}"


def parse_link_id(text: str) -> LinkKey | None:
    match = LINK_ID.fullmatch(text)
    if match is None:
        return None
    domain_id = int(match[1], 16)
    generation = int(match[2], 16)
    slug = _decode_slug(match[4]) if match[3] else match[4]
    if domain_id.bit_length() > DOMAIN_ID_BITS or generation.bit_length() > GENERATION_BITS or slug is None:
        return None
    key = LinkKey(domain_id, slug, generation)
    return key if format_link_id(key) == text else None


def _encode_slug(slug: str) -> str:
    if PLAIN_SLUG.fullmatch(slug):
        return slug
    return WIDE_SIGN + base64.urlsafe_b64encode(slug.encode()).decode().rstrip("=")


def _decode_slug(text: str) -> str | None:
    try:
        slug = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
    return None if "\0" in slug else slug  # PostgreSQL refuses such text


WIDE_SIGN = "~"  # before a slug in Base64, since plain slugs have none
