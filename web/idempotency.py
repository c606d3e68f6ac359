"""`Idempotency-Key`: a request that may be sent twice."""

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
REPLAYED = "Idempotency-Replayed"
VISIBLE = re.compile(r"[!-~]{1,255}")
QUOTED = re.compile(r'"((?:[ -\[\]-~]|\\["\\])*)"')
PASSING = (StillRunning, Unavailable, NotFound, Gone)
"""What may be answered about a job that was made all the same: the key stays with it."""

LEAST_PIECE = 1 << 10
QUICK_SECONDS = 0.2

documented: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": HEADER,
            "description": "a name for this request: sent again under it within a day, it makes nothing new",
            "schema": {"type": "string", "maxLength": 255},
        }
    ]
}


@contextmanager
def held() -> Iterator[Hold | None]:
    """What is done with a request under its key, if it has one. Whatever fails lets go of the key."""
    text = request.headers.get(HEADER)
    if text is None:
        yield None
        return
    hold = idempotency.hold(IdempotencyKey(owner().workspace_id, request.path, read(text)))
    after_this_request(lambda response: _marked(response, hold))
    request.environ["wsgi.input"] = Pieces(request.environ["wsgi.input"], lambda: idempotency.renew(hold))
    try:
        yield hold
    except BaseException as error:
        idempotency.release(hold, isinstance(error, LinkmillError) and not isinstance(error, PASSING))
        raise


def read(text: str) -> str:
    """The key as a text; the quotes that a structured header has round it do not belong to it."""
    quoted = QUOTED.fullmatch(text.strip())
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text.strip()
    if not VISIBLE.fullmatch(key):
        message = "1 to 255 visible ASCII characters"
        raise Invalid(f"{HEADER}: {message}", [field_error(message, HEADER)])
    return key


class Pieces:
    """A body that is read in pieces as large as its sender is quick: the server gives each only when it is full."""

    def __init__(self, stream: Any, beat: Callable[[], None]) -> None:
        self.stream = stream
        self.beat = beat
        self.piece = LEAST_PIECE

    def read(self, size: int) -> bytes:
        since = time.monotonic()
        data: bytes = self.stream.read(min(size, self.piece))
        self.piece = LEAST_PIECE if time.monotonic() - since > QUICK_SECONDS else min(2 * self.piece, size)
        self.beat()
        return data


def _marked(response: Response, hold: Hold) -> Response:
    if hold.record and hold.job_id is not None:
        response.headers[REPLAYED] = "true"
    return response
