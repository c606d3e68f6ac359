"""What faults cost: counted in the tables, not believed from the counters."""

import time
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy.exc import DBAPIError

from tests.ground import OPEN, System, until

RECOVERY_SECONDS = 20.0

Shard = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job has to show after its faults."""

    rows: int
    lost: int
    duplicated: int
    stuck: int
    seconds: float = 0.0
    """From the worst fault to the end of every shard that it hit, with everything ready again."""

    @property
    def nothing(self) -> bool:
        return not (self.lost or self.duplicated or self.stuck) and self.seconds <= RECOVERY_SECONDS


def wounded(system: System) -> list[Shard]:
    """The shards that are being worked on."""
    return [tuple(row) for row in system.sql("SELECT job_id, run, first_index FROM shards WHERE state = 'running'")]


def recovery(system: System, struck: list[Shard], since: float) -> float:
    """Seconds until every shard that was hit has ended and the system is ready."""
    until(lambda: not _still(system, struck), 60, lambda: f"{struck} to end: {system.log()[-3000:]}")
    until(lambda: _ready(system), 60, "readiness")
    return time.monotonic() - since


def cost_of(system: System, job_id: str, seconds: float = 0.0) -> Cost:
    """What is lost, doubled or stuck of a job."""
    job = system.job(job_id)
    total = job["counts"]["total"] or 0
    ((items, indexes, created),) = system.sql(
        "SELECT count(*), count(DISTINCT \"index\"), count(CASE WHEN status = 'created' THEN 1 END)"
        f" FROM items WHERE job_id = {job_id}"
    )
    ((links, slugs),) = system.sql(f"SELECT count(*), count(DISTINCT slug) FROM links WHERE job_id = {job_id}")
    ((led,),) = system.sql(
        "SELECT count(*) FROM ("
        f"SELECT slug, generation FROM items WHERE job_id = {job_id} AND status = 'created'"
        f" INTERSECT SELECT slug, generation FROM links WHERE job_id = {job_id}) AS led"
    )
    lost = abs(total - indexes) + abs(created - led) + abs(created - job["counts"]["created"]) + _unbalanced(job)
    doubled = (items - indexes) + max(0, links - created) + (links - slugs)
    return Cost(total, lost, doubled, int(job["status"] != "completed"), seconds)


def _unbalanced(job: dict[str, Any]) -> int:
    counts: dict[str, int] = job["counts"]
    ended = counts["created"] + counts["existing"] + counts["failed"] + counts["unprocessed"]
    return abs(ended - (counts["total"] or 0))


def is_open(system: System, job_id: str) -> bool:
    """Asked of the database, since web may be what is away."""
    ((status,),) = system.sql(f"SELECT status FROM jobs WHERE id = {job_id}")
    return status in OPEN


def _still(system: System, struck: list[Shard]) -> bool:
    try:
        running = system.sql("SELECT job_id, run, first_index FROM shards WHERE state <> 'done'")
    except DBAPIError:
        return True
    return not set(struck).isdisjoint(running)


def _ready(system: System) -> bool:
    try:
        return system.client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
