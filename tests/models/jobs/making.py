"""Jobs, shards and items as rows, for the tests of models.jobs: no upload, no producer and no worker takes part."""

from typing import Any

from sqlalchemy import insert, select, update

from models import store
from models.accounts import domains
from models.accounts.keys import Owner
from models.ids import new_id
from models.jobs import jobs, leases, shards
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.states import ItemStatus, JobKind, JobStatus, ShardKind, ShardState
from models.tables import items as item_rows
from models.tables import jobs as job_rows
from models.tables import shards as shard_rows

QUEUE = "bulk"


def make_job(owner: Owner, rows: int = 3, shard_size: int = 1, **values: Any) -> Job:
    """Add a job and its queued shards."""
    job = job_values(owner, rows) | values
    ranges = range(0, rows, shard_size)
    with store.write() as db:
        jobs.add(db, job)
        if ranges:
            shards.add(db, [shard_values(job, first, min(shard_size, rows - first)) for first in ranges])
    return read(job["id"])


def job_values(owner: Owner, rows: int) -> dict[str, Any]:
    with store.read() as db:
        domain = domains.find(db, owner.workspace_id, None)
    assert domain
    return {
        "id": new_id(),
        "workspace_id": owner.workspace_id,
        "domain_id": domain.id,
        "kind": JobKind.CREATE,
        "status": JobStatus.QUEUED,
        "source": "csv",
        "queue": QUEUE,
        "upload": "upload",
        "layout": {},
        "options": {},
        "metadata": {},
        "total": rows,
    }


def shard_values(job: dict[str, Any], first: int, rows: int, **values: Any) -> dict[str, Any]:
    return {
        "job_id": job["id"],
        "run": 1,
        "first_index": first,
        "workspace_id": job["workspace_id"],
        "kind": ShardKind.CREATE,
        "queue": QUEUE,
        "state": ShardState.QUEUED,
        "line": first + 2,
        "offset": first * 10,
        "length": rows * 10,
        "rows": rows,
    } | values


def add_items(job: Job, statuses: dict[int, ItemStatus], **values: Any) -> None:
    """Add an item for each index; those with a link have the slug `s` and their index."""
    with_link = (ItemStatus.CREATED, ItemStatus.EXISTING)
    rows = []
    for index, status in statuses.items():
        slug = f"s{index}" if status in with_link else None
        generation = 1 if status in with_link else None
        row = {"job_id": job.id, "index": index, "line": index + 2, "status": status}
        rows.append(row | {"slug": slug, "generation": generation} | values)
    with store.write() as db:
        db.execute(insert(item_rows), rows)


def change(job: Job, **values: Any) -> Job:
    with store.write() as db:
        db.execute(update(job_rows).where(job_rows.c.id == job.id).values(values))
    return read(job.id)


def read(job_id: int) -> Job:
    with store.read() as db:
        job = jobs.get(db, job_id)
    assert job
    return job


def claim(kind: ShardKind = ShardKind.CREATE, queue: str = QUEUE) -> Claim:
    claimed = try_claim(kind, queue)
    assert claimed, "there is no shard to claim"
    return claimed


def try_claim(kind: ShardKind = ShardKind.CREATE, queue: str = QUEUE) -> Claim | None:
    with store.write() as db:
        return leases.claim(db, kind, queue, (0, 0))


def finish(claimed: Claim) -> None:
    with store.write() as db:
        leases.finish(db, claimed)


def expire(claimed: Claim) -> None:
    """Let the lease of a claim run out."""
    with store.write() as db:
        db.execute(update(shard_rows).where(leases.HAS_TOKEN).values(leased_until=0), leases.token_of(claimed))


def shard_states(job: Job, run: int = 1) -> list[str]:
    query = select(shard_rows.c.state).where(shard_rows.c.job_id == job.id, shard_rows.c.run == run)
    with store.read() as db:
        return list(db.execute(query.order_by(shard_rows.c.first_index)).scalars())
