"""Shards worked on in this process, by the functions that workers call."""

from typing import Any

from models.states import ShardKind
from producer.signals import wakeups
from workers.chores import clicks
from workers.shards import attempts

clicks.BUFFERED_SECONDS = 0.0  # no web process holds a click back, so a job that deletes links need not wait for it


def work(kind: ShardKind, queue: str = "") -> dict[str, Any]:
    """What a worker does that is woken once: claim a shard and finish it. Without a queue: that of a small job."""
    usual_queue = wakeups.BULK if kind == ShardKind.UNDO else wakeups.INTERACTIVE
    return attempts.work_on_next(kind, queue or usual_queue, (0, 0))


def work_off(*kinds: ShardKind, queue: str = "") -> None:
    """Work until no shard of these kinds is left."""
    for kind in kinds or tuple(ShardKind):
        while not work(kind, queue).get("idle"):
            pass
