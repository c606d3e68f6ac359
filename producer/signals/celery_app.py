"""The Celery application of this process."""

from functools import cache

from celery import Celery

from models import process_caches
from producer.signals.celery_events import TaskMessages


@process_caches.function
@cache
def app() -> Celery:
    """Return the Celery application of this process."""
    application = Celery("linkmill", amqp=TaskMessages)
    application.config_from_object("celeryconfig")
    return application
