"""The columns that a draft writes: links and tags for what it makes, and an item for every row."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from models.jobs.states import ItemStatus
from models.store import Columns
from producer.fields import item_fields
from workers.shards import reuse
from workers.shards.draft import Draft

LONGEST_INPUT = 3000  # characters of one value that a failed item keeps


def of_links(draft: Draft) -> Columns:
    """Sorted by slug: an index that is filled in its own order is filled faster, and nobody waits crosswise."""
    order = None
    if draft.columns.get("slug"):
        order = sorted(range(draft.made), key=draft.chosen.__getitem__)
    given = {column: draft.columns[name] for name, column in item_fields.COLUMNS.items() if name in draft.columns}
    kept = {name: _kept(column, draft.keep) for name, column in given.items()}
    lists = {"slug": draft.chosen} | kept
    return _of_one(draft) | {name: [column[at] for at in order] if order else column for name, column in lists.items()}


def of_tags(draft: Draft) -> Columns:
    tags = draft.columns.get("tags")
    if not tags:
        return {}
    ties = [
        (draft.tags[name], slug) for row, slug in zip(draft.keep, draft.chosen, strict=True) for name in tags[row] or ()
    ]
    one = _of_one(draft)
    shared = {name: one[name] for name in ("workspace_id", "domain_id", "generation")}
    return shared | {"tag_id": [tag for tag, _ in ties], "slug": [slug for _, slug in ties]} if ties else {}


def of_untitled(draft: Draft) -> Columns:
    """The links that have no title of their own."""
    titles = draft.columns.get("title") or [None] * draft.read.rows
    bare = [
        (draft.columns["url"][row], slug) for row, slug in zip(draft.keep, draft.chosen, strict=True) if not titles[row]
    ]
    if not bare:
        return {}
    one = _of_one(draft)
    hosts = [urlsplit(url).hostname or "" for url, _ in bare]
    lists = {"url": [url for url, _ in bare], "slug": [slug for _, slug in bare], "host": hosts}
    return {name: one[name] for name in ("domain_id", "generation", "job_id")} | lists


def of_items(draft: Draft) -> Columns:
    first = draft.claim.first_index
    shared: dict[str, Any] = {
        "job_id": draft.job.id,
        "index": [first + row for row in draft.rows] if draft.settled else range(first, first + draft.read.rows),
        "line": _kept(draft.read.lines, draft.rows),
    }
    if draft.made == len(draft.rows) and not draft.job.dry_run:
        made = {"status": ItemStatus.CREATED, "slug": draft.chosen, "generation": draft.generation}
        return shared | made | _external_ids(draft)
    return shared | _mixed(draft) | _external_ids(draft)


def _of_one(draft: Draft) -> dict[str, Any]:
    return {
        "domain_id": draft.job.domain_id,
        "workspace_id": draft.job.workspace_id,
        "job_id": draft.job.id,
        "generation": draft.generation,
    }


def _kept(column: Sequence[Any], keep: Sequence[int]) -> Sequence[Any]:
    return column if len(keep) == len(column) else [column[row] for row in keep]


def _external_ids(draft: Draft) -> dict[str, Any]:
    ids = draft.columns.get("external_id")
    return {"external_id": _kept(ids, draft.rows)} if ids else {}


def _mixed(draft: Draft) -> dict[str, Any]:
    """Columns of a shard in which not every row makes a link."""
    slugs = dict(zip(draft.keep, draft.chosen, strict=True))
    found = {row: _found(draft, slugs, link) for row, link in draft.existing.items()}
    made = {row: (ItemStatus.CREATED, slug, draft.generation, None, None, None) for row, slug in slugs.items()}
    there = {
        row: (ItemStatus.EXISTING, slug, generation, None, None, None) for row, (slug, generation) in found.items()
    }
    failed = {row: _failed(draft, row) for row in draft.problems}
    if draft.job.dry_run:
        made, there = _rehearsed(draft, made), _rehearsed(draft, there)
    outcomes = made | there | failed
    names = ("status", "slug", "generation", "error_code", "error_message", "input")
    return dict(zip(names, map(list, zip(*map(outcomes.__getitem__, draft.rows), strict=True)), strict=True))


def _found(draft: Draft, slugs: dict[int, str], link: Any) -> tuple[str, int]:
    return (slugs[link], draft.generation) if isinstance(link, int) else link


def _rehearsed(draft: Draft, outcomes: dict[int, tuple[Any, ...]]) -> dict[int, tuple[Any, ...]]:
    """A dry run makes no link that could be asked where it leads, so the item keeps that itself."""
    none = draft.generation
    return {
        row: (status, slug, generation if generation != none else None, None, None, _asked(draft, row))
        for row, (status, slug, generation, *_) in outcomes.items()
    }


def _asked(draft: Draft, row: int) -> str:
    """A row that gets a link of its own whoever has its URL is told from those that would share one."""
    lone = {"lone": True} if reuse.asked(draft.job) and row not in draft.urls.seeking else {}
    return json.dumps(lone | {"url": draft.columns["url"][row]})


def _failed(draft: Draft, row: int) -> tuple[Any, ...]:
    problem = draft.problems[row]
    return (ItemStatus.FAILED, None, None, problem.code, _storable(problem.message), _input(draft.read.raw(row)))


def _input(raw: dict[str, Any]) -> str:
    """The row as it came, less its password. Escaped, so that any text can be kept."""
    shown = {name: "" if name == "password" else _shortened(value) for name, value in raw.items()}
    return json.dumps(shown)


def _shortened(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value)
    return value if len(text) <= LONGEST_INPUT else text[:LONGEST_INPUT]


def _storable(message: str) -> str:
    return message.replace("\0", "\\0").encode(errors="replace").decode()
