"""Duplicates: what earlier rows of a dry run would have taken. They create no links that a later row could find."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select

from models import store
from models.states import ItemStatus
from models.tables import items


class EarlierRows(NamedTuple):
    """The rows of a dry run before an index."""

    job_id: int
    before: int


class EarlierLink(NamedTuple):
    """A link that one of these rows would create. An automatic slug is None, and so is the domain of the job."""

    slug: str | None
    domain_id: int | None


def count_created(db: Connection, rows: EarlierRows) -> int:
    """Count the links that these rows would create."""
    return int(db.execute(select(func.count()).where(_would_create(rows))).scalar_one())


def taken_slugs(db: Connection, rows: EarlierRows, slugs: Iterable[str], own_domain_id: int | None) -> set[str]:
    """Those of some slugs that these rows would take on one domain; None: that of the job."""
    wanted = list(slugs)
    if not wanted:
        return set()
    return set(store.dialect().find_existing(db, items.c.slug, wanted, _would_create_on(rows, own_domain_id)))


def by_external_id(db: Connection, rows: EarlierRows, external_ids: Iterable[str]) -> dict[str, EarlierLink]:
    """The links that these rows would create with some external ids."""
    wanted = list(external_ids)
    if not wanted:
        return {}
    is_wanted = store.dialect().is_one_of(items.c.external_id, wanted)
    query = select(items.c.external_id, items.c.slug, items.c.domain_id).where(_would_create(rows), is_wanted)
    return {row.external_id: EarlierLink(row.slug, row.domain_id) for row in db.execute(query)}


def by_url(db: Connection, rows: EarlierRows, urls: Iterable[str], own_domain_id: int | None) -> dict[str, EarlierLink]:
    """The links to some URLs that these rows would create on one domain, where later rows may share them."""
    inputs = {input_json(url): url for url in urls}
    if not inputs:
        return {}
    is_wanted = store.dialect().is_one_of(items.c.input, list(inputs))
    query = select(items.c.input, items.c.slug)
    query = query.where(_would_create_on(rows, own_domain_id), items.c.shares_url, is_wanted)
    return {inputs[row.input]: EarlierLink(row.slug, own_domain_id) for row in db.execute(query)}


def input_json(url: str) -> str:
    """What the item of a row keeps of it when it would create a link."""
    return json.dumps({"url": url})


def _would_create(rows: EarlierRows) -> ColumnElement[bool]:
    return and_(items.c.job_id == rows.job_id, items.c.index < rows.before, items.c.status == ItemStatus.CREATED)


def _would_create_on(rows: EarlierRows, own_domain_id: int | None) -> ColumnElement[bool]:
    return and_(_would_create(rows), items.c.domain_id.is_not_distinct_from(own_domain_id))
