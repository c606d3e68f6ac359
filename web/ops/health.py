"""Whether the process is up, and whether the system can work."""

from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from models import store
from models.store import health
from producer.signals import broker

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    found = {"database": _database(), "broker": _broker(), "workers": _workers()}
    ready = all(state == "ok" for state in found.values())
    return jsonify(status="ok" if ready else "unavailable", **found), 200 if ready else 503


def _database() -> str:
    try:
        with store.read() as db:
            health.ping(db)
        return "ok"
    except DBAPIError:
        return "does not answer"


def _broker() -> str:
    try:
        broker.client().ping()
        return "ok"
    except (RedisError, OSError):
        return "does not answer"


def _workers() -> str:
    try:
        return "ok" if broker.is_any_node_alive() else "none heard lately"
    except (RedisError, OSError):
        return "unknown"
