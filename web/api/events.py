"""`/api/jobs/{id}/events`: a job's progress as server-sent events."""

from collections.abc import Iterator
from contextlib import ExitStack

from flask import Response
from flask_smorest import Blueprint

from models.errors import Unavailable
from models.ids import parse_id
from producer.signals import waiting, watchers
from producer.signals.watchers import Snapshot, Watch
from web.api.jobs import ended, find
from web.auth import needs

RETRY = b"retry: 2000\n\n"
HEARTBEAT = b": still here\n\n"
NOTHING = b""  # shows the server whether the client is still there, and the client nothing
LOOK_SECONDS = 2.0
LOOKS_A_HEARTBEAT = 7
EVENT = {"type": "object", "properties": {name: {"type": "string"} for name in ("event", "id", "data")}}
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

blueprint = Blueprint("events", __name__, url_prefix="/api/jobs", description="Progress as it comes")


@blueprint.route("/<job_id>/events")
@needs("read")
@blueprint.response(200, EVENT, content_type="text/event-stream")
def events(job_id: str) -> Response:
    """Server-sent events: `progress` with the job as data, at most 4 a second, and a last one, `done`."""
    row = find(parse_id(job_id))
    if ended(row):
        return _answer(iter([RETRY, _event(watchers.take_snapshot(row))]))
    with ExitStack() as kept:
        if not kept.enter_context(waiting.Slot(waiting.stream_slots)).acquired:
            raise Unavailable("too many jobs are being watched at this moment; try again, or ask with ?wait=")
        watch = watchers.join(row.id)
        kept.callback(watch.leave)
        response = _answer(_following(watch))
        response.call_on_close(kept.pop_all().close)
    return response


def _answer(parts: Iterator[bytes]) -> Response:
    return Response(parts, content_type="text/event-stream; charset=utf-8", headers=HEADERS)


def _following(watch: Watch) -> Iterator[bytes]:
    yield RETRY
    known, silent = "", 0
    while not watch.closed:
        seen = watch.wait_for_news(known, LOOK_SECONDS)
        if seen is None:
            silent += 1
            yield NOTHING if silent % LOOKS_A_HEARTBEAT else HEARTBEAT
            continue
        yield _event(seen)
        if seen.has_ended:
            return
        known, silent = seen.etag, 0


def _event(seen: Snapshot) -> bytes:
    name = b"done" if seen.has_ended else b"progress"
    return b"event: %b\nid: %b\ndata: %b\n\n" % (name, seen.etag.encode(), seen.body)
