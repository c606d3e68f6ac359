"""What we override of Celery's private parts, in the version that it was written for."""

from importlib.metadata import version

import pytest
from celery import Celery
from celery.app.amqp import AMQP

from producer.signals.celery_events import ROUTINE_TASKS, TaskMessages

MADE_FOR = "5.7"


def test_this_is_the_version_of_celery_that_it_was_made_for() -> None:
    assert version("celery").startswith(MADE_FOR), (
        "check producer/signals/celery_events.py when you upgrade, then change this version"
    )
    assert callable(AMQP.as_task_v2)


@pytest.mark.parametrize(("task", "is_announced"), [("create", True), *((name, False) for name in ROUTINE_TASKS)])
def test_only_routine_tasks_are_sent_without_an_event(task: str, is_announced: bool) -> None:
    amqp = Celery("test", amqp=TaskMessages, set_as_current=False).amqp
    message = amqp.as_task_v2("some-id", task, (), {}, create_sent_event=True)
    assert (message.sent_event is not None) is is_announced
