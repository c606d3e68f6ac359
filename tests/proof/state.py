"""What the tables hold at one moment, as far as the promises are about it."""

from collections import defaultdict
from typing import Any, NamedTuple

from sqlalchemy import text

from models import store


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
    links: dict[int, list[tuple[str, int]]]
    """Slug and generation of the links that a job created."""
    shards: list[ShardRow]
    deliveries: list[DeliveryRow]
    quota_used: int | None
    errors: dict[int, int]
    """The sum of a job's counts of errors."""


def read_state() -> State:
    with store.read() as db:
        jobs = {row.id: JobRow._make(row) for row in db.execute(JOBS)}
        items: dict[int, dict[int, ItemRow]] = defaultdict(dict)
        for row in db.execute(ITEMS):
            items[row.job_id][row.at] = ItemRow._make(row)
        links: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for job_id, slug, generation in db.execute(LINKS):
            links[job_id].append((slug, generation))
        shards = [ShardRow._make(row) for row in db.execute(SHARDS)]
        deliveries = [DeliveryRow._make(row) for row in db.execute(DELIVERIES)]
        used: Any = db.execute(QUOTA).scalar_one_or_none()
        errors = {job_id: int(count) for job_id, count in db.execute(ERRORS)}
    return State(jobs, items, links, shards, deliveries, used, errors)


JOBS = text(
    "SELECT id, name, kind, run, status, dry_run, upload, total, created, updated, deleted, existing, failed,"
    " of_job_id, cleared_at IS NOT NULL, forgotten_at IS NOT NULL, clearing FROM jobs"
)
ITEMS = text('SELECT job_id, "index" AS at, status, slug, generation, error_code FROM items')
LINKS = text("SELECT job_id, slug, generation FROM links")
SHARDS = text("SELECT job_id, run, first_index, rows, kind, state, granted FROM shards")
DELIVERIES = text("SELECT id, job_id, run, endpoint_id, type, status FROM deliveries")
QUOTA = text("SELECT used FROM quotas WHERE period = 'total'")
ERRORS = text("SELECT job_id, sum(count) FROM job_errors GROUP BY job_id")
