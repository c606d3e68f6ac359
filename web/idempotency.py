"""The `Idempotency-Key` header: a request that may be sent twice."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, after_this_request, request

from models.errors import Gone, Invalid, LinkmillError, NotFound, StillRunning, Unavailable, field_error
from models.jobs.idempotency import IdempotencyKey
from producer import idempotency
from producer.idempotency import Hold
from web.auth import owner

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
VISIBLE = re.compile(r"[!-~]{1,255}")
QUOTED = re.compile(r'"((?:[ -\[\]-~]|\\["\\])*)"')

SMALLEST_CHUNK = 1 << 10
QUICK_SECONDS = 0.2

documentation: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": HEADER,
            "description": "a name for this request: sent again under it within a day, it creates nothing new",
            "schema": {"type": "string", "maxLength": 255},
        }
    ]
}


@contextmanager
def hold_key() -> Iterator[Hold | None]:
    """Hold the request's key, if it has one, while the request is handled. A failure releases the key."""
    text = request.headers.get(HEADER)
    if text is None:
        yield None
        return
    hold = idempotency.hold(IdempotencyKey(owner().workspace_id, request.path, parse_key(text)))
    after_this_request(lambda response: _mark_replay(response, hold))
    # A body may take longer to arrive than the key's lease lasts, so reading it renews the lease.
    request.environ["wsgi.input"] = RenewingStream(request.environ["wsgi.input"], lambda: idempotency.renew(hold))
    try:
        yield hold
    except BaseException as error:
        idempotency.release(hold, _is_refusal(error))
        raise


def parse_key(text: str) -> str:
    """Read the key. Quotes around it belong to the header's syntax (RFC 8941), not to the key."""
    key = text.strip()
    quoted = QUOTED.fullmatch(key)
    if quoted:
        key = re.sub(r"\\(.)", r"\1", quoted[1])
    if not VISIBLE.fullmatch(key):
        message = "This must be 1 to 255 visible ASCII characters."
        raise Invalid(f"{HEADER}: {message}", [field_error(message, HEADER)])
    return key


class RenewingStream:
    """A request body that calls `renew` after each chunk.

    The server returns a chunk only when it is full. So the chunks of a slow sender stay small: else none would
    be full before the lease ends.
    """

    def __init__(self, stream: Any, renew: Callable[[], None]) -> None:
        self.stream = stream
        self.renew = renew
        self.chunk_size = SMALLEST_CHUNK

    def read(self, size: int) -> bytes:
        started = time.monotonic()
        data: bytes = self.stream.read(min(size, self.chunk_size))
        is_slow = time.monotonic() - started > QUICK_SECONDS
        self.chunk_size = SMALLEST_CHUNK if is_slow else min(2 * self.chunk_size, size)
        self.renew()
        return data


def _is_refusal(error: BaseException) -> bool:
    """Whether the request itself was wrong. Other errors can follow an accepted job, which keeps the key."""
    follows_acceptance = isinstance(error, StillRunning | Unavailable | NotFound | Gone)
    return isinstance(error, LinkmillError) and not follows_acceptance


def _mark_replay(response: Response, hold: Hold) -> Response:
    if hold.record and hold.job_id is not None:
        response.headers[REPLAYED_HEADER] = "true"
    return response
