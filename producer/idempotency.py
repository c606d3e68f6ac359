"""Once: a request that is sent again under the same idempotency key makes nothing new, however often and fast."""

import hashlib
import json
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from models import store
from models.errors import InProgress, KeyReused
from models.jobs import idempotency
from models.jobs.idempotency import IdempotencyKey, KeyRecord

TOKEN_BYTES = 16
RENEW_SECONDS = idempotency.LEASE_SECONDS / 3
PATIENCE = 1.0  # seconds that a renewal waits for its turn to write

log = structlog.get_logger()


@dataclass(slots=True)
class Hold:
    """A key that a request came with, from its arrival to its job."""

    key: IdempotencyKey
    token: str
    known: KeyRecord | None
    """The job that the key has made before, and of what; None: it is this request's to make one."""
    job_id: int | None = None
    """The job that this request is answered with."""
    fingerprint: str = ""
    content: Any = field(default_factory=hashlib.sha256)
    renewed: float = field(default_factory=time.monotonic)


def hold(key: IdempotencyKey) -> Hold:
    token = secrets.token_hex(TOKEN_BYTES)
    with store.write() as db:
        known = idempotency.claim(db, key, token)
    if known and known.job_id is None:
        raise InProgress("the first request with this Idempotency-Key is still being received")
    return Hold(key, token, known)


def renew(held: Hold) -> None:
    """Called as the body arrives. A database that does not answer just now is asked again with the next piece."""
    if held.known or time.monotonic() - held.renewed < RENEW_SECONDS:
        return
    try:
        with store.write(PATIENCE) as db:
            idempotency.renew(db, held.key, held.token)
    except DBAPIError as error:
        if not store.dialect().is_transient(error):
            raise
    else:
        held.renewed = time.monotonic()


def heard(chunks: Iterable[bytes], held: Hold | None) -> Iterable[bytes]:
    """The same chunks, and the hold knows what was in them."""
    return _heard(chunks, held) if held else chunks


def conclude(held: Hold, *said: Any) -> None:
    """Everything is read: what was said beside the content makes the fingerprint whole, if there is none yet."""
    whole = held.content.hexdigest() + json.dumps(said, sort_keys=True, default=str)
    held.fingerprint = held.fingerprint or hashlib.sha256(whole.encode()).hexdigest()


def again(held: Hold) -> int:
    """The job that the key has made already, if it was asked for in the same words."""
    assert held.known
    assert held.known.job_id is not None
    if held.known.fingerprint != held.fingerprint:
        raise KeyReused("this Idempotency-Key came with another body or other options before; take a new one")
    held.job_id = held.known.job_id
    return held.job_id


def settle(db: store.Connection, held: Hold, job_id: int) -> None:
    idempotency.assign(db, held.key, held.token, held.fingerprint, job_id)


def let_go(held: Hold, refused: bool) -> None:
    """The request failed: it may be mended and sent again. A job that was made stays, unless it is what was refused."""
    try:
        with store.write(PATIENCE) as db:
            if held.job_id is None:
                idempotency.release(db, held.key, held.token)
            elif refused:
                idempotency.forget_job(db, held.key, held.job_id)
    except DBAPIError as error:
        log.warning("key_left_to_its_lease", reason=error)


def _heard(chunks: Iterable[bytes], held: Hold) -> Iterator[bytes]:
    for chunk in chunks:
        held.content.update(chunk)
        yield chunk
