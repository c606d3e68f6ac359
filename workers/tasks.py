"""The tasks: claim, do, record. Arguments are ids, and only hints: what there is to do, the database knows."""

import time
from collections.abc import Callable
from typing import Any

from models import store
from models.errors import LostLease
from models.jobs import shards
from models.jobs.shards import Claim
from models.jobs.states import ShardKind
from producer.signals import broker, counters, wakeups
from producer.telemetry import tracing
from workers import sweep
from workers.app import app
from workers.chores import clearing, clicks, deliver, titles
from workers.shards import create, failed_attempts, split, undo
from workers.task_log import about

MOST_CALLS = 50  # of a task: Flower should see an end of it

NO_TRACE: dict[str, str] = {}  # of a job that nobody woke this task for

Result = dict[str, Any]


@app.task(name="split", bind=True)
def split_task(self: Any, job: str, shard: int, rows: int) -> Result:
    return _work(ShardKind.SPLIT, _queue(self), (int(job), shard), split.split)


@app.task(name="create", bind=True)
def create_task(self: Any, job: str, shard: int, rows: int) -> Result:
    return _work(ShardKind.CREATE, _queue(self), (int(job), shard), create.create)


@app.task(name="undo", bind=True)
def undo_task(self: Any, job: str, shard: int, rows: int) -> Result:
    return _work(ShardKind.UNDO, _queue(self), (int(job), shard), undo.undo)


@app.task(name="sweep", send_events=False, time_limit=60, soft_time_limit=50)
def sweep_task() -> Result:
    return sweep.sweep()


@app.task(name="deliver")
def deliver_task() -> Result:
    """Sends what is due, one after the other; each of several such tasks has another delivery."""
    return {"sent": _until_idle(deliver.deliver)}


@app.task(name="titles")
def titles_task() -> Result:
    done = _until_idle(titles.fetch_one)
    if done == MOST_CALLS:
        wakeups.send("titles", wakeups.TITLES)
    return {"fetched": done}


@app.task(name="clicks", send_events=False, time_limit=60, soft_time_limit=50)
def clicks_task() -> Result:
    done = _until_idle(clicks.write_next)
    if done == MOST_CALLS:
        wakeups.send("clicks", wakeups.SWEEP)
    return {"batches": done}


@app.task(name="clear", time_limit=60, soft_time_limit=50)
def clear_task() -> Result:
    return clearing.clear()


@app.task(name="heartbeat", send_events=False)
def heartbeat_task(node: str, beat: str) -> None:
    broker.hear(node, beat)


def _until_idle(do: Callable[[], Result]) -> int:
    done = 0
    while done < MOST_CALLS and not do().get("idle"):
        done += 1
    return done


def _queue(task: Any) -> str:
    return str(task.request.delivery_info.get("routing_key") or wakeups.BULK)


def _work(kind: str, of: str, hint: tuple[int, int], do: Callable[[Claim], Result]) -> Result:
    with store.write() as db:
        claim = shards.claim(db, kind, of, hint)
    if claim is None:
        return {"idle": True}
    about(str(hint[0]), claim.job_id, claim.first_index)
    told, began = {"job": str(claim.job_id), "shard": claim.first_index, "rows": claim.rows}, time.perf_counter()
    elsewhere = None if hint[0] == claim.job_id else NO_TRACE
    try:
        with tracing.span(f"{kind} shard", elsewhere, **told):
            found = do(claim)
    except LostLease:
        return told | {"lost": True}
    except Exception as error:
        failed_attempts.failed(claim, error)
        raise
    counters.took(kind, time.perf_counter() - began)
    return told | found
