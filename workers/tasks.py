"""The Celery tasks. Their arguments are ids and only hints: the database says what there is to do."""

from collections.abc import Callable
from typing import Any

from models import store
from models.partitions import upkeep
from models.states import ShardKind
from producer.signals import broker, wakeups
from producer.signals.broker import Beat
from workers import sweep
from workers.app import app
from workers.chores import clearing, clicks, deliver, search, titles
from workers.shards import attempts

MAX_CALLS = 50  # a task; then it sends the next one, so that Flower sees tasks that end

Result = dict[str, Any]


@app.task(name="split", bind=True)
def split_task(self: Any, job: str, shard: int, rows: int) -> Result:
    return _attempt(self, job, shard)


@app.task(name="create", bind=True)
def create_task(self: Any, job: str, shard: int, rows: int) -> Result:
    return _attempt(self, job, shard)


@app.task(name="update", bind=True)
def update_task(self: Any, job: str, shard: int, rows: int) -> Result:
    return _attempt(self, job, shard)


@app.task(name="delete", bind=True)
def delete_task(self: Any, job: str, shard: int, rows: int) -> Result:
    return _attempt(self, job, shard)


@app.task(name="undo", bind=True)
def undo_task(self: Any, job: str, shard: int, rows: int) -> Result:
    return _attempt(self, job, shard)


@app.task(name="sweep", send_events=False, time_limit=60, soft_time_limit=50)
def sweep_task() -> Result:
    return sweep.sweep()


@app.task(name="deliver")
def deliver_task() -> Result:
    """Send due webhooks, one after the other. Several such tasks at once claim different deliveries."""
    return {"sent": _repeat_until_idle(deliver.deliver)}


@app.task(name="titles")
def titles_task() -> Result:
    calls = _repeat_until_idle(titles.fetch_one)
    if calls == MAX_CALLS:
        wakeups.send_task("titles", wakeups.TITLES)
    return {"fetched": calls}


@app.task(name="clicks", send_events=False, time_limit=60, soft_time_limit=50)
def clicks_task() -> Result:
    calls = _repeat_until_idle(clicks.write_next)
    if calls == MAX_CALLS:
        wakeups.send_task("clicks", wakeups.SWEEP)
    return {"batches": calls}


@app.task(name="clear", time_limit=60, soft_time_limit=50)
def clear_task() -> Result:
    return clearing.clear()


@app.task(name="search", send_events=False, time_limit=60, soft_time_limit=50)
def search_task() -> Result:
    return search.build()


@app.task(name="partitions", send_events=False, time_limit=60, soft_time_limit=50)
def partitions_task() -> Result:
    return upkeep.keep(clearing.retention_start())


@app.task(name="heartbeat", send_events=False)
def heartbeat_task(node: str, beat: str) -> None:
    broker.record_beat(node, Beat(beat, can_work=store.answers()))


def _repeat_until_idle(step: Callable[[], Result]) -> int:
    calls = 0
    while calls < MAX_CALLS and not step().get("idle"):
        calls += 1
    return calls


def _attempt(task: Any, job_id: str, first_index: int) -> Result:
    queue = task.request.delivery_info.get("routing_key") or wakeups.BULK
    return attempts.work_on_next(ShardKind(task.name), queue, (int(job_id), first_index))
