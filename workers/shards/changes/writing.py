"""Writing: the links of a shard as its rows leave them, and what other tables say of them."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from models.jobs.jobs import Job
from models.link_key import LinkKey
from models.links import url_index
from models.links.bulk import bulk_tags, changed_links, side_tables
from models.links.search import unindexed
from models.store import Connection
from models.tables import untitled, urls
from producer.fields.item_fields import COLUMNS
from producer.rules.changes import JudgedChanges
from producer.unit_of_work import UnitOfWork
from workers.shards.changes.decisions import changes_text
from workers.shards.changes.facts import TAG_FIELDS
from workers.shards.changes.working_links import WorkingLink, WorkingLinks


def write(unit: UnitOfWork, job: Job, judged: JudgedChanges, links: WorkingLinks, reuses: bool) -> None:
    """Write every link that some row has changed. `reuses`: the workspace's links are in the URL index."""
    changed = [link for link in links.all if link.is_changed]
    if not changed:
        return
    keys = [link.key for link in changed]
    columns = [COLUMNS[name] for name in judged.columns if name in COLUMNS]
    if columns:
        values = {column: [link.values[column] for link in changed] for column in columns}
        changed_links.write(unit.db, [link.row_id for link in changed], keys, values)
    if changes_text(judged):
        unindexed.note(unit.db, job.workspace_id, [link.values["created_at"] for link in changed])
    if any(name in judged.columns for name in TAG_FIELDS):
        _write_tags(unit.db, job.workspace_id, changed)
    _follow(unit.db, job, judged, changed, keys, reuses)
    unit.announce_change(key[:2] for key in keys)
    if "new_slug" in judged.columns:
        renamed = [link for link in changed if link.slug != link.former_slug]
        changed_links.rename(unit.db, [(link.key, link.slug) for link in renamed])
        unit.announce_change(link.name for link in renamed)


def _write_tags(db: Connection, workspace_id: int, links: Sequence[WorkingLink]) -> None:
    added: dict[LinkKey, set[str]] = {}
    removed: dict[LinkKey, set[str]] = {}
    for link in links:
        if link.tags != link.former_tags:
            added[link.key] = set(link.tags).difference(link.former_tags)
            removed[link.key] = set(link.former_tags).difference(link.tags)
    if added:
        bulk_tags.change(db, workspace_id, added, removed)


def _follow(
    db: Connection,
    job: Job,
    judged: JudgedChanges,
    links: Sequence[WorkingLink],
    keys: Sequence[LinkKey],
    reuses: bool,
) -> None:
    """Have the queue of titles and the URL index follow."""
    if "title" in judged.columns:
        side_tables.remove(db, untitled, keys)
    elif "url" in judged.columns:
        new_urls = [link.values["url"] for link in links]
        side_tables.change_untitled(db, keys, new_urls, [urlsplit(url).hostname or "" for url in new_urls])
    columns = {COLUMNS[name] for name in judged.columns if name in COLUMNS}
    if reuses and not columns.isdisjoint(url_index.DEPENDS_ON):
        side_tables.remove(db, urls, keys)
        indexed = [link for link in links if _is_indexable(link)]
        indexed_urls = [link.values["url"] for link in indexed]
        side_tables.add_urls(db, job.workspace_id, [link.key for link in indexed], indexed_urls)


def _is_indexable(link: WorkingLink) -> bool:
    """Whether other rows may get the link too. See `url_index.is_indexable`."""
    return link.values["password_hash"] is None and link.values["max_clicks"] is None
