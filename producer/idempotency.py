"""Idempotency: a request that is sent again under the same key creates nothing new, however often and however soon."""

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
PATIENCE = 1.0  # seconds that a renewal waits for the write lock

log = structlog.get_logger()


@dataclass(slots=True)
class Hold:
    """A key while its request is handled."""

    key: IdempotencyKey
    token: str
    record: KeyRecord | None
    """The job that an earlier request created under this key; None when this request is the first."""
    job_id: int | None = None
    """The job that this request is answered with."""
    fingerprint: str = ""
    content: Any = field(default_factory=hashlib.sha256)
    renewed_at: float = field(default_factory=time.monotonic)


def hold(key: IdempotencyKey) -> Hold:
    """Claim a key for a request. Raises InProgress while another request with it is being received."""
    token = secrets.token_hex(TOKEN_BYTES)
    with store.write() as db:
        record = idempotency.claim(db, key, token)
    if record and record.job_id is None:
        raise InProgress("The first request with this Idempotency-Key is still being received. Try again later.")
    return Hold(key, token, record)


def renew(hold: Hold) -> None:
    """Renew the lease of a key while the body arrives. A database that is away is asked again with the next chunk."""
    if hold.record or time.monotonic() - hold.renewed_at < RENEW_SECONDS:
        return
    try:
        with store.write(PATIENCE) as db:
            idempotency.renew(db, hold.key, hold.token)
    except DBAPIError as error:
        if not store.dialect().is_transient(error):
            raise
    else:
        hold.renewed_at = time.monotonic()


def hash_chunks(chunks: Iterable[bytes], hold: Hold | None) -> Iterable[bytes]:
    """Pass chunks on, and add them to the fingerprint of a request that has a key."""
    return _hash_chunks(chunks, hold) if hold else chunks


def _hash_chunks(chunks: Iterable[bytes], hold: Hold) -> Iterator[bytes]:
    for chunk in chunks:
        hold.content.update(chunk)
        yield chunk


def set_fingerprint(hold: Hold, *options: Any) -> None:
    """Make the fingerprint of the content and the options, once everything is read; a fingerprint never changes."""
    if hold.fingerprint:
        return
    text = hold.content.hexdigest() + json.dumps(options, sort_keys=True, default=str)
    hold.fingerprint = hashlib.sha256(text.encode()).hexdigest()


def replay(hold: Hold) -> int:
    """Return the job that an earlier request created. Raises KeyReused when that was another request."""
    assert hold.record
    assert hold.record.job_id is not None
    if hold.record.fingerprint != hold.fingerprint:
        raise KeyReused("This Idempotency-Key came with another body or other options before. Use a new key.")
    hold.job_id = hold.record.job_id
    return hold.job_id


def assign(db: store.Connection, hold: Hold, job_id: int) -> None:
    """Store the job under the key, in the transaction that adds the job."""
    idempotency.assign(db, hold.key, hold.token, hold.fingerprint, job_id)


def release(hold: Hold, refused: bool) -> None:
    """Free the key of a request that failed, so that the client can correct and repeat it.

    The key of a job that was created stays, unless the request was refused because of that job.
    """
    try:
        with store.write(PATIENCE) as db:
            if hold.job_id is None:
                idempotency.release(db, hold.key, hold.token)
            elif refused:
                idempotency.forget_job(db, hold.key, hold.job_id)
    except DBAPIError as error:
        log.warning("key_not_released", reason=error)  # its lease ends soon
