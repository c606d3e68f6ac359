"""Looks many slugs up in the partitions of links, each in its own: a list of them would be looked for in all."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    collate,
    func,
    literal_column,
    select,
    text,
    true,
)

from models.partitions import catalog
from models.partitions.external_ids import LINKS
from models.store.staged_rows import SpelledArray, array_text
from models.tables import links

MANY = 500
"""From so many slugs on, it is worth asking whether there are partitions."""


def are_apart(db: Connection, slugs: Sequence[str]) -> bool:
    """Return whether slugs are many, and in different partitions."""
    return len(slugs) >= MANY and catalog.is_partitioned(db, LINKS)


def find_used(db: Connection, domain_id: int, slugs: Sequence[str]) -> set[str]:
    """Return those of some slugs that links of a domain have already."""
    return set(db.execute(USED, {"domain_id": domain_id, "slugs": array_text(slugs)}).scalars())


def find_each(columns: Sequence[ColumnElement[Any]], where: ColumnElement[bool], name: str) -> Select[Any]:
    """Select links by their slugs, which are a parameter of this name."""
    slugs = func.unnest(bindparam(name, type_=SpelledArray(links.c.slug.type)))
    wanted = slugs.table_valued("slug").render_derived(name="wanted")
    # The OFFSET keeps the planner from joining all links with the slugs.
    of_slug = select(*columns).where(where, links.c.slug == collate(wanted.c.slug, "C")).offset(literal_column("0"))
    found = of_slug.lateral("found")
    return select(*found.c).select_from(wanted).join(found, true())


# With the LIMIT there is one look for each slug, whatever the planner thinks of the size of the table.
USED = text(
    f"""
    SELECT used.slug FROM unnest(CAST(:slugs AS text[])) AS wanted (slug) CROSS JOIN LATERAL (
        SELECT slug FROM {LINKS} WHERE domain_id = :domain_id AND slug = wanted.slug COLLATE "C" LIMIT 1
    ) AS used
    """
)
