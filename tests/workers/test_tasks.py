"""The tasks: each is named in one place, takes ids only, and ends after a bounded number of calls."""

from typing import Any

import pytest

from models.accounts.keys import Owner
from models.states import ShardKind
from producer.signals import wakeups
from tests.steps import Steps, record_steps
from workers import tasks
from workers.app import app
from workers.chores import clicks, deliver, titles
from workers.shards import attempts

NAMES = {
    "split",
    "create",
    "update",
    "delete",
    "undo",
    "sweep",
    "deliver",
    "titles",
    "clicks",
    "clear",
    "search",
    "partitions",
    "heartbeat",
}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


def test_what_beat_sends_is_a_task_that_ends_soon(owner: Owner) -> None:
    sent = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert sent == {"sweep", "partitions"}
    assert set(app.tasks["partitions"]().values()) <= {0}


def test_these_tasks_are_registered() -> None:
    assert {name for name in app.tasks if not name.startswith("celery.")} == NAMES


def test_every_kind_of_shard_has_a_task_and_work_of_its_own() -> None:
    assert {str(kind) for kind in ShardKind} <= app.tasks.keys()
    assert attempts.WORK.keys() == set(ShardKind)


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        (tasks.split_task, ShardKind.SPLIT),
        (tasks.create_task, ShardKind.CREATE),
        (tasks.update_task, ShardKind.UPDATE),
        (tasks.delete_task, ShardKind.DELETE),
        (tasks.undo_task, ShardKind.UNDO),
    ],
)
@pytest.mark.parametrize("queue", [wakeups.BULK, wakeups.INTERACTIVE])
def test_a_task_claims_a_shard_of_its_kind_from_its_own_queue(
    task: Any, kind: ShardKind, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Any, ...]] = []

    def work_on_next(*arguments: Any) -> dict[str, Any]:
        calls.append(arguments)
        return {}

    monkeypatch.setattr(attempts, "work_on_next", work_on_next)
    task.push_request(delivery_info={"routing_key": queue})
    task.run(job="12", shard=500, rows=10)
    task.pop_request()
    assert calls == [(kind, queue, (12, 500))]


class Calls:
    """Stands for a step that has work for so many calls."""

    def __init__(self, work: int) -> None:
        self.work = work
        self.count = 0

    def __call__(self) -> dict[str, Any]:
        self.count += 1
        return {"idle": self.count > self.work}


def test_a_delivery_task_ends_when_nothing_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "deliver", Calls(3))
    assert tasks.deliver_task() == {"sent": 3}


def test_titles_go_on_in_a_new_task(monkeypatch: pytest.MonkeyPatch, steps: Steps) -> None:
    monkeypatch.setattr(titles, "fetch_one", Calls(1000))
    assert tasks.titles_task() == {"fetched": tasks.MAX_CALLS}
    assert steps.tasks == ["titles"]


def test_clicks_go_on_in_a_new_task(monkeypatch: pytest.MonkeyPatch, steps: Steps) -> None:
    monkeypatch.setattr(clicks, "write_next", Calls(1000))
    assert tasks.clicks_task() == {"batches": tasks.MAX_CALLS}
    assert steps.tasks == ["clicks"]


def test_a_short_queue_needs_no_further_task(monkeypatch: pytest.MonkeyPatch, steps: Steps) -> None:
    monkeypatch.setattr(titles, "fetch_one", Calls(2))
    assert tasks.titles_task() == {"fetched": 2}
    assert steps.tasks == []
