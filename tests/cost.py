"""What faults cost a job, counted in the tables rather than read from the job's counters."""

import time
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy.exc import DBAPIError

from models.states import ItemStatus
from tests.system import OPEN_STATUSES, System
from tests.waiting import wait_until

RECOVERY_SECONDS = 20.0

ShardId = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Cost:
    """Rows that a job lost or wrote twice, and how long it took to recover."""

    rows: int
    lost: int
    duplicated: int
    stuck: int
    seconds: float = 0.0
    """From the worst fault to the end of every shard that it hit, with everything ready again."""

    @property
    def is_zero(self) -> bool:
        return not (self.lost or self.duplicated or self.stuck) and self.seconds <= RECOVERY_SECONDS


def measure_cost(system: System, job_id: str, seconds: float = 0.0) -> Cost:
    """Count what of a job is lost, duplicated or stuck."""
    job = system.job(job_id)
    total = job["counts"]["total"] or 0
    ((items, indexes, created),) = system.sql(
        "SELECT count(*), count(DISTINCT \"index\"), count(CASE WHEN status = 'created' THEN 1 END)"
        f" FROM items WHERE job_id = {job_id}"
    )
    ((links, slugs),) = system.sql(f"SELECT count(*), count(DISTINCT slug) FROM links WHERE job_id = {job_id}")
    ((linked,),) = system.sql(
        "SELECT count(*) FROM ("
        f"SELECT slug, generation FROM items WHERE job_id = {job_id} AND status = 'created'"
        f" INTERSECT SELECT slug, generation FROM ({_links_of(job_id)}) AS ever) AS linked"
    )
    lost = abs(total - indexes) + abs(created - linked) + abs(created - job["counts"]["created"]) + _imbalance(job)
    duplicated = (items - indexes) + max(0, links - created) + (links - slugs)
    return Cost(total, lost, duplicated, int(job["status"] != "completed"), seconds)


def _links_of(job_id: str) -> str:
    """Those that there are, and those that other jobs deleted."""
    parts = [f"SELECT slug, generation FROM {table} WHERE job_id = {job_id}" for table in ("links", "deleted_links")]
    return " UNION ".join(parts)


def _imbalance(job: dict[str, Any]) -> int:
    counts: dict[str, int] = job["counts"]
    outcomes = sum(counts[status] for status in ItemStatus)
    return abs(outcomes - (counts["total"] or 0))


def running_shards(system: System) -> list[ShardId]:
    return [tuple(row) for row in system.sql("SELECT job_id, run, first_index FROM shards WHERE state = 'running'")]


def wait_for_recovery(system: System, shards: list[ShardId], since: float) -> float:
    """Wait until these shards have ended and the system is ready; return the seconds since then."""
    wait_until(lambda: not _any_unfinished(system, shards), 60, lambda: f"{shards} to end: {system.log()[-3000:]}")
    wait_until(lambda: _is_ready(system), 60, "readiness")
    return time.monotonic() - since


def _any_unfinished(system: System, shards: list[ShardId]) -> bool:
    try:
        unfinished = system.sql("SELECT job_id, run, first_index FROM shards WHERE state <> 'done'")
    except DBAPIError:
        return True
    return not set(shards).isdisjoint(unfinished)


def _is_ready(system: System) -> bool:
    try:
        return system.client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def is_open(system: System, job_id: str) -> bool:
    """Read a job's status from the database: web may be what is down."""
    ((status,),) = system.sql(f"SELECT status FROM jobs WHERE id = {job_id}")
    return status in OPEN_STATUSES
