"""What the tables hold at one moment, as far as the promises are about it."""

import json
from collections import defaultdict
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import TextClause, text

from models import store

LinkKey = tuple[str, int]
"""The slug and the generation of a link. All are on one domain."""


class JobRow(NamedTuple):
    id: int
    name: str | None
    kind: str
    run: int
    status: str
    dry_run: bool
    upload: str
    total: int | None
    created: int
    updated: int
    deleted: int
    existing: int
    failed: int
    of_job_id: int | None
    cleared: bool
    forgotten: bool
    clearing: bool

    @property
    def counts(self) -> dict[str, int]:
        return {
            "created": self.created,
            "updated": self.updated,
            "deleted": self.deleted,
            "existing": self.existing,
            "failed": self.failed,
        }


class ItemRow(NamedTuple):
    job_id: int
    at: int
    status: str
    slug: str | None
    generation: int | None
    error_code: str | None
    changes: str | None

    @property
    def link(self) -> LinkKey:
        assert self.slug is not None
        assert self.generation is not None
        return self.slug, self.generation


class ShardRow(NamedTuple):
    job_id: int
    run: int
    first_index: int
    rows: int
    kind: str
    state: str
    granted: int


class DeliveryRow(NamedTuple):
    id: int
    job_id: int
    run: int
    endpoint_id: int
    type: str
    status: str


class State(NamedTuple):
    jobs: dict[int, JobRow]
    items: dict[int, dict[int, ItemRow]]
    """By job and index."""
    links: dict[int, list[LinkKey]]
    """Those that a job created."""
    deleted_links: set[LinkKey]
    """Those that are kept for an undo."""
    titles: dict[LinkKey, str | None]
    """Of both."""
    shards: list[ShardRow]
    deliveries: list[DeliveryRow]
    quota_used: int | None
    errors: dict[int, int]
    """The sum of a job's counts of errors."""


def read_state() -> State:
    tables = _read_tables()
    items: dict[int, dict[int, ItemRow]] = defaultdict(dict)
    for row in map(ItemRow._make, tables["items"]):
        items[row.job_id][row.at] = row
    links: dict[int, list[LinkKey]] = defaultdict(list)
    titles: dict[LinkKey, str | None] = {}
    for job_id, slug, generation, title in tables["links"]:
        links[job_id].append((slug, generation))
        titles[slug, generation] = title
    deleted_links: set[LinkKey] = set()
    for slug, generation, title in tables["deleted_links"]:
        assert (slug, generation) not in titles, "a link that is there twice"
        deleted_links.add((slug, generation))
        titles[slug, generation] = title
    return State(
        jobs={row.id: row for row in map(JobRow._make, tables["jobs"])},
        items=items,
        links=links,
        deleted_links=deleted_links,
        titles=titles,
        shards=[ShardRow._make(row) for row in tables["shards"]],
        deliveries=[DeliveryRow._make(row) for row in tables["deliveries"]],
        quota_used=next((used for (used,) in tables["quotas"]), None),
        errors={job_id: int(count) for job_id, count in tables["errors"]},
    )


def _read_tables() -> dict[str, list[Any]]:
    """Read the columns of every table with one statement: this is done after each commit."""
    with store.read() as db:
        row = db.execute(_query(db.dialect.name)).one()
    return {name: json.loads(value) for name, value in row._mapping.items()}


@cache
def _query(dialect: str) -> TextClause:
    aggregate, array = JSON_FUNCTIONS[dialect]
    parts: list[str] = []
    for name, (columns, rows) in COLUMNS.items():
        parts.append(f"(SELECT CAST(coalesce({aggregate}({array}({columns})), '[]') AS text) FROM {rows}) AS {name}")
    return text("SELECT " + ", ".join(parts))


JSON_FUNCTIONS = {"sqlite": ("json_group_array", "json_array"), "postgresql": ("json_agg", "json_build_array")}
"""What makes one JSON text of rows."""
COLUMNS = {
    "jobs": (
        "id, name, kind, run, status, dry_run, upload, total, created, updated, deleted, existing, failed,"
        " of_job_id, cleared_at IS NOT NULL, forgotten_at IS NOT NULL, clearing",
        "jobs",
    ),
    "items": ('job_id, "index", status, slug, generation, error_code, changes', "items"),
    "links": ("job_id, slug, generation, title", "links"),
    "deleted_links": ("slug, generation, title", "deleted_links"),
    "shards": ("job_id, run, first_index, rows, kind, state, granted", "shards"),
    "deliveries": ("id, job_id, run, endpoint_id, type, status", "deliveries"),
    "quotas": ("used", "quotas WHERE period = 'total'"),
    "errors": ("job_id, count", "(SELECT job_id, sum(count) AS count FROM job_errors GROUP BY job_id) AS sums"),
}
"""The columns of each table, and which rows."""
