"""What a task logs: its job and request in every line, and never the rows that an error quotes."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from structlog.contextvars import clear_contextvars
from structlog.testing import capture_logs

from producer.telemetry import logs
from workers import task_log
from workers.task_log import LoggedTask, TaskFailed

app = Celery("test", set_as_current=False)


class ReadContext(LoggedTask):
    name = "read context"

    def run(self, **_: Any) -> dict[str, str]:
        return logs.context()


class Fail(LoggedTask):
    name = "fail"

    def run(self) -> None:
        raise ValueError("https://secret.example/?password=hunter2")


read_context = app.register_task(ReadContext())
fail = app.register_task(Fail())


@pytest.fixture(autouse=True)
def own_context() -> Iterator[None]:
    yield
    clear_contextvars()


def call(task: Any, headers: dict[str, str] | None = None, **arguments: Any) -> Any:
    task.push_request(id="7", **(headers or {}))
    try:
        return task(**arguments)
    finally:
        task.pop_request()


def test_every_line_names_the_task_and_its_job() -> None:
    assert call(read_context, job="12") == {"task": "read context", "task_id": "7", "job": "12"}


def test_the_request_that_sent_the_task_is_named_too() -> None:
    assert call(read_context, {logs.REQUEST_ID: "r-1"})[logs.REQUEST_ID] == "r-1"


def test_an_error_is_logged_and_what_celery_shows_of_it_quotes_no_row() -> None:
    with capture_logs() as lines, pytest.raises(TaskFailed) as error:
        call(fail)
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None
    assert [line["event"] for line in lines] == ["task_failed"]


def test_a_shard_of_the_hinted_job_belongs_to_the_request() -> None:
    logs.bind_context(task="create", **{logs.REQUEST_ID: "r-1"})
    task_log.name_shard(12, 500, hinted_job=12)
    assert logs.context() == {"task": "create", logs.REQUEST_ID: "r-1", "job": "12", "shard": "500"}


def test_a_shard_of_another_job_does_not() -> None:
    logs.bind_context(task="create", **{logs.REQUEST_ID: "r-1"})
    task_log.name_shard(13, 0, hinted_job=12)
    assert logs.context() == {"task": "create", "job": "13", "shard": "0"}
