"""How Celery runs Linkmill: the broker carries wake-ups only, and the database is the truth."""

import socket
import time
from datetime import UTC, datetime

from celery.schedules import schedule
from kombu.entity import Queue

from models import settings
from producer.signals import broker_options

# A worker waits for messages without a limit of time: only the kernel notices that the other end has vanished.
KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3}

_keepalive = {getattr(socket, name): value for name, value in KEEPALIVE.items() if hasattr(socket, name)}
_settings = settings.get()
broker_url = broker_options.celery_url(_settings.broker_url)
broker_connection_timeout = broker_options.SOCKET_SECONDS
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_transport_options = broker_options.transport_options(_settings, _keepalive)
broker_heartbeat = 0  # of AMQP: only nodes send them, so only nodes may promise to (workers/celery_internals.py)
visibility_timeout = broker_options.VISIBILITY_SECONDS
task_publish_retry = not _settings.broker_is_redis
task_publish_retry_policy = broker_options.RETRY_ONCE

task_serializer = result_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
task_store_errors_even_if_ignored = False
task_acks_late = True
task_reject_on_worker_lost = True
task_track_started = True
task_send_sent_event = True
task_soft_time_limit = 240
task_time_limit = 300
task_create_missing_queues = True
task_default_queue = "bulk"
task_queues = [
    Queue(name, routing_key=name)  # type: ignore[no-untyped-call]
    for name in ("bulk", "interactive", "deliver", "titles", "sweep")
]

worker_consumer = "workers.celery_internals:SafeConsumer"
worker_prefetch_multiplier = 1
worker_send_task_events = True
worker_soft_shutdown_timeout = 5
worker_enable_soft_shutdown_on_idle = False
worker_hijack_root_logger = False
worker_cancel_long_running_tasks_on_connection_loss = False
worker_max_memory_per_child = 280_000  # kilobytes; a larger child is replaced between two tasks
event_queue_expires = 60
timezone = "UTC"

SWEEP_SECONDS = 2.0
PARTITIONS_SECONDS = 60.0


def steady_now() -> datetime:
    """A time for beat that nobody can set: with the machine's clock put back an hour, it would pause for that hour."""
    return datetime.fromtimestamp(time.monotonic(), UTC)


beat_schedule = {
    "sweep": {
        "task": "sweep",
        "schedule": schedule(SWEEP_SECONDS, nowfun=steady_now),
        "options": {"queue": "sweep"},
    },
    "partitions": {
        "task": "partitions",
        "schedule": schedule(PARTITIONS_SECONDS, nowfun=steady_now),
        "options": {"queue": "sweep"},
    },
}
beat_scheduler = "workers.beat:SweepScheduler"
beat_max_loop_interval = 5
