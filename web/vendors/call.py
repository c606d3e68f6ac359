"""The way of a vendor's call: authenticate, load, accept, wait, dump. There is no second way to make a link."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from flask import Response, g, request
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException

from models import settings, store
from models.accounts import plans, quotas
from models.accounts.keys import Owner
from models.errors import (
    BrokenJson,
    EmptyUpload,
    InProgress,
    KeyReused,
    LinkmillError,
    OverLimit,
    StillRunning,
    TooManyLinks,
    Unavailable,
)
from models.jobs import pending_replies
from models.jobs.jobs import Job
from models.links import title_queue
from models.links.url_index import Duplicates
from producer.accept import Upload, accept
from producer.idempotency import Hold
from producer.intake import json_bodies
from producer.intake.json_bodies import decode_json
from producer.intake.layouts import BOM, COUNT, PREPARED
from producer.job_options import Options
from producer.signals import waiting
from web import idempotency, limits
from web.api.jobs import ended, find, shown
from web.auth import require
from web.bodies import chunks
from web.errors import advised, status_of
from web.vendors.vendor import Asked, Finished, Refusal, Vendor

AWAY = (OperationalError, InterfaceError, TimeoutError, RedisError)
TITLE_SECONDS = 2.0
KEPT_ROWS = 1000

any_json = msgspec.json.Decoder()
log = structlog.get_logger()


def answer(vendor: Vendor) -> Response:
    """A bulk call, from its request to its vendor's answer."""
    return guarded(vendor, "write", lambda owner: _bulk(vendor, owner))


def guarded(vendor: Vendor, scope: str, act: Callable[[Owner], Response]) -> Response:
    """Does something for a key; whatever goes wrong is told as the vendor tells it."""
    try:
        g.owner = vendor.authenticate()
        require(scope)
        return act(g.owner)
    except LinkmillError as error:
        return _refused(vendor, error)
    except AWAY as error:
        log.error("store_away", reason=error)
        return _refused(vendor, Unavailable("the service does not answer for a moment; try again"))
    except HTTPException:
        raise
    except Exception as error:
        log.error("surprise", exc_info=error)
        return _refused(vendor, LinkmillError("an internal error; it is in our log"))


def answered(body: Any, status: int) -> Response:
    return Response(msgspec.json.encode(body), status, content_type="application/json")


def _bulk(vendor: Vendor, owner: Owner) -> Response:
    if vendor.bulk:
        limits.spend(owner)
    with idempotency.held() as held:
        return _made(vendor, owner, held)


def _made(vendor: Vendor, owner: Owner, held: Hold | None) -> Response:
    given = _body()
    asked, said = vendor.load(given, owner), _fingerprint(given)
    if held:
        held.fingerprint = said
    if not held or not held.known:
        _check_size(vendor, asked, owner)
    if _prefers_job():
        job_id = _accepted(vendor, asked, owner, held, awaited=False)
        response = shown(find(job_id), 202)
        response.headers["Location"] = f"/api/jobs/{job_id}"
        return response
    job = _waited_for(vendor, asked, owner, said, held)
    if asked.fetch_titles:
        waiting.poll_until(TITLE_SECONDS, lambda: not _untitled(job.id))
    return answered(vendor.dump(Finished(job, asked)), vendor.status)


def _body() -> Any:
    body = json_bodies.read_all(chunks(request), json_bodies.LARGEST_JSON)
    try:
        return decode_json(any_json, body.removeprefix(BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenJson(f"the body is not JSON: {error}") from None


def _check_size(vendor: Vendor, asked: Asked, owner: Owner) -> None:
    plan = plans.of(owner.plan)
    most = vendor.most(owner) or plan.batch[vendor.name]
    if not asked.links:
        raise EmptyUpload("there are no links in this request")
    if most and asked.links > most:
        raise TooManyLinks(f"at most {most:,} links a request, and these are {asked.links:,}")
    if vendor.tells_limit and plan.total_links:
        with store.read() as db:
            used = quotas.usage(db, owner.workspace_id, plan)[quotas.Period.TOTAL]
        if used + asked.links > plan.total_links:
            raise OverLimit(f"these links would exceed your limit of {plan.total_links:,}")


def _prefers_job() -> bool:
    preferences = request.headers.get("Prefer", "").lower().replace(" ", "").split(",")
    return "respond-async" in preferences


def _waited_for(vendor: Vendor, asked: Asked, owner: Owner, fingerprint: str, held: Hold | None) -> Job:
    """The job when it has ended. After a wait that ran out, the same request again waits on for the same job.

    A request under a key of its own has its job noted there.
    """
    debt = (owner.workspace_id, vendor.name, fingerprint)
    with waiting.Slot() as place:
        if not place.acquired:
            raise Unavailable("too many requests wait for their links at this moment; try again")
        with store.read() as db:
            known = None if held else pending_replies.find_job(db, *debt)
        job_id = known or _accepted(vendor, asked, owner, held, awaited=True)
        alone = not known and not held
        job = waiting.wait_for_end(job_id, settings.get().sync_wait_seconds, lambda: find(job_id), ended, alone)
    if not ended(job):
        if not held:
            with store.write() as db:
                pending_replies.save(db, *debt, job_id)
        raise StillRunning(job_id)
    if known:
        with store.write() as db:
            pending_replies.remove(db, *debt)
    return job


def _accepted(vendor: Vendor, asked: Asked, owner: Owner, held: Hold | None, awaited: bool) -> int:
    duplicates = Duplicates.REUSE if asked.reuse else Duplicates.CREATE
    options = Options(
        domain=asked.domain,
        fetch_titles=asked.fetch_titles,
        duplicates=duplicates,
        slug_length=asked.slug_length,
    )
    if asked.count:
        upload = Upload(vendor.name, COUNT, [msgspec.json.encode(asked.rows[0])], asked.count)
    else:
        upload = Upload(vendor.name, PREPARED, [b"".join(msgspec.json.encode(row) + b"\n" for row in asked.rows)])
    return accept(upload, owner, lambda: options, held, awaited)


def _untitled(job_id: int) -> int:
    with store.read() as db:
        return title_queue.has_job(db, job_id)


def _fingerprint(given: Any) -> str:
    """Of what was said, not of how it was written down."""
    said = [given, request.path, request.args.to_dict(), request.headers.get("workspace")]
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def _refused(vendor: Vendor, error: LinkmillError) -> Response:
    status, body = vendor.refuse(Refusal(status_of(error), error.code, str(error), error))
    if isinstance(error, InProgress | KeyReused):  # not the vendor's to have an opinion on
        status = status_of(error)
    response = advised(answered(body, status), error)
    if status == 401:
        response.headers["WWW-Authenticate"] = vendor.challenge
    return response
