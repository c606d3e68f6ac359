"""What other tables say of many links: tags, clicks, the queue of titles and the URL index."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Table, select, true

from models import store
from models.link_key import LinkKey, columns_of
from models.links import url_index
from models.store import Columns
from models.tables import clicks, link_clicks, link_tags, untitled, urls, uses

QUEUES = (untitled, urls)
"""Tables that send others to a link."""
DESCRIPTIONS = (link_tags, clicks, link_clicks, uses)
"""Tables that only describe one."""


def remove_from_queues(db: Connection, keys: Sequence[LinkKey]) -> None:
    """Take deleted links off the queue of titles and out of the URL index."""
    for table in QUEUES:
        remove(db, table, keys)


def remove_descriptions(db: Connection, keys: Sequence[LinkKey]) -> None:
    """Remove what describes deleted links."""
    for table in DESCRIPTIONS:
        remove(db, table, keys)


def change_untitled(db: Connection, keys: Sequence[LinkKey], new_urls: Sequence[str], hosts: Sequence[str]) -> None:
    """Fetch the titles of queued links from their new URLs."""
    if keys and _has_rows(db, untitled):
        columns = {"url": list(new_urls), "host": list(hosts)}
        store.dialect().bulk_update(db, untitled, key_columns(keys), columns)


def add_urls(db: Connection, workspace_id: int, keys: Sequence[LinkKey], link_urls: Sequence[str]) -> None:
    """Index links by their URLs. None of them is the primary link of its URL."""
    if not keys:
        return
    columns = {
        "workspace_id": workspace_id,
        "hash": url_index.hashes(link_urls),
        "rank": url_index.random_ranks(len(keys)),
        **key_columns(keys),
    }
    url_index.write(db, columns, len(keys))


def remove(db: Connection, table: Table, keys: Sequence[LinkKey]) -> None:
    if keys and _has_rows(db, table):
        store.dialect().bulk_delete(db, table, key_columns(keys))


def clicked(db: Connection, keys: Sequence[LinkKey]) -> set[LinkKey]:
    """Those of some links that people clicked, or whose uses are counted."""
    by_people = rows_of_keys(db, clicks, keys, clicks.c.bot.is_(False))
    return by_people | rows_of_keys(db, uses, keys, true())


def rows_of_keys(db: Connection, table: Table, keys: Sequence[LinkKey], where: ColumnElement[bool]) -> set[LinkKey]:
    """The keys that a table has rows of. It may have others with the same slugs: those of former links."""
    present: set[LinkKey] = set()
    for domain_id, some in slugs_by_domain(keys).items():
        has_slug = store.dialect().is_one_of(table.c.slug, some)
        query = select(*columns_of(table)).where(table.c.domain_id == domain_id, has_slug, where).distinct()
        present.update(LinkKey(*row) for row in db.execute(query))
    return present


def slugs_by_domain(keys: Sequence[LinkKey]) -> dict[int, list[str]]:
    slugs: dict[int, list[str]] = {}
    for key in keys:
        slugs.setdefault(key.domain_id, []).append(key.slug)
    return slugs


def key_columns(keys: Sequence[LinkKey]) -> Columns:
    """Link keys as columns."""
    domain_ids, slugs, generations = zip(*keys, strict=True)
    return {"domain_id": list(domain_ids), "slug": list(slugs), "generation": list(generations)}


def _has_rows(db: Connection, table: Table) -> bool:
    """Most of these tables are empty in most installations."""
    return db.execute(select(table.c.slug).limit(1)).first() is not None
