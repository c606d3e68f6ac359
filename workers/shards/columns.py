"""The columns that a draft writes: links and tags for its new rows, and an item for every row."""

import json
import time
from collections.abc import Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit

from models.jobs import duplicates
from models.states import ItemStatus
from models.store import Columns
from producer.fields import item_fields
from workers.shards import own_domains, reuse
from workers.shards.draft import Draft

# Plain strings: SQLite's driver takes half a microsecond longer for each value of a subclass of str.
CREATED = ItemStatus.CREATED.value
EXISTING = ItemStatus.EXISTING.value
FAILED = ItemStatus.FAILED.value

LONGEST_INPUT = 3000  # characters of one value that a failed item keeps


def link_columns(draft: Draft) -> Columns:
    """The new links, sorted by slug: that fills the index faster, and no two shards lock each other crosswise."""
    now = time.time_ns() // 1000
    # A microsecond a row: lists have the order of the file, and their index is filled in order.
    columns: dict[str, Sequence[Any]] = {"slug": draft.slugs, "created_at": range(now, now + draft.new_count)}
    for name, column in item_fields.COLUMNS.items():
        if name in draft.columns:
            columns[column] = _pick(draft.columns[name], draft.new_rows)
    if draft.own_domains:
        columns["domain_id"] = draft.domain_ids()
    # Automatic slugs of one domain come sorted, custom ones do not.
    if draft.columns.get("slug") or draft.own_domains:
        keys = _sort_keys(columns)
        order = sorted(range(draft.new_count), key=keys.__getitem__)
        columns = {name: _values_at(order, column) for name, column in columns.items()}
    return _shared_by_links(draft) | columns


def _sort_keys(columns: dict[str, Sequence[Any]]) -> Sequence[Any]:
    """What links are sorted by: their primary key, as far as they differ in it."""
    if "domain_id" not in columns:
        return columns["slug"]
    return list(zip(columns["domain_id"], columns["slug"], strict=True))


def tag_columns(draft: Draft) -> Columns:
    """The tags of the new links."""
    tags = draft.columns.get("tags")
    if not tags:
        return {}
    order = sorted(range(draft.new_count), key=draft.slugs.__getitem__)  # as links are
    names_by_link = [names or () for names in _values_at(_values_at(order, draft.new_rows), tags)]
    tag_ids = [draft.tag_ids[name] for names in names_by_link for name in names]
    places = list(chain.from_iterable(map(repeat, order, map(len, names_by_link))))
    if not places:
        return {}
    shared = _shared_by_links(draft)
    del shared["job_id"]
    return shared | _keys_of_links(draft, places) | {"tag_id": tag_ids}


def untitled_columns(draft: Draft) -> Columns:
    """The new links that have no title of their own, for the queue of titles to fetch."""
    titles = draft.columns.get("title") or [None] * draft.batch.rows
    places = [place for place, row in enumerate(draft.new_rows) if not titles[row]]
    if not places:
        return {}
    shared = _shared_by_links(draft)
    del shared["workspace_id"]
    urls = [draft.columns["url"][draft.new_rows[place]] for place in places]
    hosts = [urlsplit(url).hostname or "" for url in urls]
    return shared | _keys_of_links(draft, places) | {"url": urls, "host": hosts}


def _keys_of_links(draft: Draft, places: list[int]) -> dict[str, list[Any]]:
    """What tells new links apart, by their places among the new rows: the slug, and the domain where it differs."""
    keys: dict[str, list[Any]] = {"slug": _values_at(places, draft.slugs)}
    if draft.own_domains:
        keys["domain_id"] = _values_at(places, draft.domain_ids())
    return keys


def _shared_by_links(draft: Draft) -> dict[str, Any]:
    return {
        "domain_id": draft.job.domain_id,
        "workspace_id": draft.job.workspace_id,
        "job_id": draft.job.id,
        "generation": draft.generation,
    }


def item_batches(draft: Draft) -> list[Columns]:
    """The items of the rows that get their result now: those of new links, which lack most columns, and the others."""
    if draft.job.dry_run:
        return [_dry_run_columns(draft)]
    batches: list[Columns] = []
    if draft.new_rows:
        batches.append(_columns_of_new_links(draft))
    other_rows = sorted(draft.problems.keys() | draft.existing.keys())
    if other_rows:
        batches.append(_row_columns(draft, other_rows) | _result_columns(draft, other_rows))
    return batches


def _columns_of_new_links(draft: Draft) -> Columns:
    columns = _row_columns(draft, draft.new_rows)
    if draft.own_domains:
        columns["domain_id"] = [own_domains.id_of(draft.own_domains, row) for row in draft.new_rows]
    return columns | {"status": CREATED, "slug": draft.slugs, "generation": draft.generation}


def _dry_run_columns(draft: Draft) -> Columns:
    rows = draft.result_rows
    columns = _row_columns(draft, rows)
    if reuse.reuses_links(draft.job):
        columns["shares_url"] = [row in draft.urls.hashes for row in rows]
    return columns | _result_columns(draft, rows)


def _row_columns(draft: Draft, rows: Sequence[int]) -> dict[str, Any]:
    """What is known of rows before their result."""
    first = draft.claim.first_index
    columns: dict[str, Any] = {
        "job_id": draft.job.id,
        "index": _pick(range(first, first + draft.batch.rows), rows),
        "line": _pick(draft.batch.lines, rows),
    }
    for name in ("external_id", "custom_id"):
        if name in draft.columns:
            columns[name] = _pick(draft.columns[name], rows)
    return columns


def _pick(column: Sequence[Any], rows: Sequence[int]) -> Sequence[Any]:
    if len(rows) == len(column):
        return column
    return _values_at(rows, column)


def _values_at(places: Sequence[int], column: Sequence[Any]) -> list[Any]:
    """The values at some places. An itemgetter takes a seventh of the time of a loop; of one place it makes no list."""
    if len(places) < 2:
        return [column[place] for place in places]
    return list(itemgetter(*places)(column))


def _result_columns(draft: Draft, rows: Sequence[int]) -> dict[str, Any]:
    """The results of rows that differ in them."""
    columns: dict[str, list[Any]] = {name: [None] * draft.batch.rows for name in RESULT_COLUMNS}
    if draft.job.dry_run or draft.existing:  # a row may get the link that another row creates
        _enter_new_links(draft, columns)
        _enter_existing_links(draft, columns)
    if draft.job.dry_run:
        _enter_urls(draft, columns)
    _enter_problems(draft, columns)
    return {name: _pick(column, rows) for name, column in columns.items()}


RESULT_COLUMNS = ("status", "slug", "generation", "error_code", "error_message", "input", "domain_id")


def _enter_new_links(draft: Draft, columns: dict[str, list[Any]]) -> None:
    statuses, slugs, generations = columns["status"], columns["slug"], columns["generation"]
    for row, slug in zip(draft.new_rows, draft.slugs, strict=True):
        statuses[row] = CREATED
        slugs[row] = slug
        generations[row] = draft.generation
    if draft.own_domains:
        for row in draft.new_rows:
            columns["domain_id"][row] = own_domains.id_of(draft.own_domains, row)


def _enter_existing_links(draft: Draft, columns: dict[str, list[Any]]) -> None:
    for row, link in draft.existing.items():
        if isinstance(link, int):
            link = (columns["slug"][link], draft.generation, own_domains.id_of(draft.own_domains, link))
        columns["status"][row] = EXISTING
        columns["slug"][row], columns["generation"][row], columns["domain_id"][row] = link


def _enter_urls(draft: Draft, columns: dict[str, list[Any]]) -> None:
    """A dry run creates no link that could be asked for its URL, so the item itself keeps the URL."""
    for row in (*draft.new_rows, *draft.existing):
        columns["input"][row] = duplicates.input_json(draft.columns["url"][row])
        if columns["generation"][row] == draft.generation:
            columns["generation"][row] = None


def _enter_problems(draft: Draft, columns: dict[str, list[Any]]) -> None:
    for row, problem in draft.problems.items():
        columns["status"][row] = FAILED
        columns["error_code"][row] = problem.code
        columns["error_message"][row] = storable_text(problem.message)
        columns["input"][row] = input_json(draft.batch.raw(row))


def input_json(raw: dict[str, Any]) -> str:
    """The row as it came, without its password. JSON escapes make any text storable."""
    shortened = {name: _shorten(value) for name, value in raw.items()}
    if "password" in shortened:
        shortened["password"] = ""
    return json.dumps(shortened)


def _shorten(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value)
    return value if len(text) <= LONGEST_INPUT else text[:LONGEST_INPUT]


def storable_text(message: str) -> str:
    return message.replace("\0", "\\0").encode(errors="replace").decode()
