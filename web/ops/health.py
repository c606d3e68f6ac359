"""`/healthz`: the process is up. `/readyz`: the system can work."""

import time
from functools import lru_cache

from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from models import migrate, process_caches, store
from models.errors import Unavailable
from producer.intake import upload_store
from producer.signals import broker, queues, wakeups
from web import errors

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def show_health() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def show_readiness() -> Response:
    database, revision = _check_database()
    parts = {"database": database, "broker": _check_broker(), "uploads": _check_uploads()}
    parts["workers"] = _check_workers()
    ready = all(state == "ok" for state in parts.values())
    response = jsonify(status="ok" if ready else "unavailable", **parts, revision=revision)
    if not ready:
        response.status_code = 503
        response.headers["Retry-After"] = str(errors.RETRY_SECONDS)
    return response


def _check_database() -> tuple[str, str | None]:
    """Return how the database is, and the revision of its tables."""
    try:
        with store.read() as db:
            state = "read-only" if store.dialect().is_read_only(db) else "ok"
            return state, migrate.revision(db)
    except SQLAlchemyError:
        return "does not answer", None


def _check_broker() -> str:
    try:
        broker.client().ping()
        queues.length(wakeups.SWEEP)
        return "ok"
    except (RedisError, OSError):
        return "does not answer"


def _check_uploads() -> str:
    return _uploads_state(int(time.monotonic()))


@process_caches.function
@lru_cache(maxsize=1)
def _uploads_state(_second: int) -> str:
    """Once a second at most: this writes a file, and anybody may ask."""
    try:
        upload_store.check()
        return "ok"
    except (Unavailable, OSError):
        return "does not answer"


def _check_workers() -> str:
    try:
        beats = broker.recent_beats()
    except (RedisError, OSError):
        return "unknown"
    if any(beat.can_work for beat in beats):
        return "ok"
    return "no worker reaches the database" if beats else "no heartbeat from a worker"
