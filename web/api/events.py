"""`/api/jobs/{id}/events`: a job's progress as server-sent events."""

from collections.abc import Iterator
from contextlib import ExitStack

from flask import Response
from flask_smorest import Blueprint

from models.accounts.keys import Scope
from models.errors import Unavailable
from producer.resources.jobs import find_job
from producer.signals import waiting, watchers
from producer.signals.watchers import Snapshot, Watch
from web.auth import needs, owner

RETRY = b"retry: 2000\n\n"
HEARTBEAT = b": heartbeat\n\n"
# Sends nothing to the client, but the server notices here when the client has disconnected.
EMPTY_CHUNK = b""
POLL_SECONDS = 2.0
POLLS_PER_HEARTBEAT = 7
EVENT = {"type": "object", "properties": {name: {"type": "string"} for name in ("event", "id", "data")}}
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

blueprint = Blueprint("events", __name__, url_prefix="/api/jobs", description="Progress as it happens")


@blueprint.route("/<job_id>/events")
@needs(Scope.READ)
@blueprint.response(200, EVENT, content_type="text/event-stream")
def stream_events(job_id: str) -> Response:
    """Stream a job's progress as server-sent events.

    Each `progress` event has the job as data. There are at most 4 a second, and a last one, `done`.
    """
    job = find_job(owner(), job_id)
    if job.has_ended:
        return _respond(iter([RETRY, _encode(watchers.take_snapshot(job))]))
    with ExitStack() as resources:
        if not resources.enter_context(waiting.Slot(job.workspace_id, waiting.stream_slots)).acquired:
            raise Unavailable("Too many jobs are being watched. Try again, or poll with ?wait=.")
        watch = watchers.join(job.id)
        resources.callback(watch.leave)
        response = _respond(_follow(watch))
        # The stream outlives this function: its resources are released when it is closed.
        response.call_on_close(resources.pop_all().close)
    return response


def _respond(parts: Iterator[bytes]) -> Response:
    return Response(parts, content_type="text/event-stream; charset=utf-8", headers=HEADERS)


def _follow(watch: Watch) -> Iterator[bytes]:
    yield RETRY
    etag = ""
    silent_polls = 0
    while not watch.closed:
        snapshot = watch.wait_for_news(etag, POLL_SECONDS)
        if snapshot is None:
            silent_polls += 1
            yield HEARTBEAT if silent_polls % POLLS_PER_HEARTBEAT == 0 else EMPTY_CHUNK
            continue
        yield _encode(snapshot)
        if snapshot.has_ended:
            return
        etag = snapshot.etag
        silent_polls = 0


def _encode(snapshot: Snapshot) -> bytes:
    name = b"done" if snapshot.has_ended else b"progress"
    return b"event: %b\nid: %b\ndata: %b\n\n" % (name, snapshot.etag.encode(), snapshot.body)
