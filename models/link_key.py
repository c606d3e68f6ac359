"""What hangs on links: rows of other tables, found by the links' keys."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Table, and_, or_

Key = tuple[int, str, int]
"""What tells one link from all others: domain, slug and generation."""


def among(table: Table, keys: Collection[Key]) -> ColumnElement[bool]:
    """Rows of links that have these slugs, of any generation: SQLite finds lists of whole keys by no index."""
    slugs: dict[int, list[str]] = {}
    for domain_id, slug, _ in keys:
        slugs.setdefault(domain_id, []).append(slug)
    return or_(*(and_(table.c.domain_id == domain_id, table.c.slug.in_(some)) for domain_id, some in slugs.items()))
