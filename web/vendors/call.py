"""A vendor's call over HTTP: authenticate, parse, create the links, answer in the vendor's own shape."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from models.accounts import plans
from models.accounts.keys import Owner, Scope
from models.errors import BrokenJson, InProgress, KeyReused, LinkmillError
from models.links.url_index import Duplicates
from producer import synchronous
from producer.accept import Upload, accept
from producer.idempotency import Hold
from producer.intake import json_bodies
from producer.intake.json_bodies import decode_json
from producer.intake.layouts import BOM
from producer.job_options import Options
from producer.resources.jobs import find_job
from producer.rules.changes import OnExisting
from producer.synchronous import RequestKey
from web import idempotency, limits
from web.api.jobs import respond_with_job
from web.auth import require_scope
from web.bodies import chunks
from web.errors import add_advice, explain, status_of
from web.vendors.vendor import Call, FailedCall, FinishedCall, JobCall, Vendor, VendorRequest, json_response


def answer_call(vendor: Vendor, call: Call, **path_values: str) -> Response:
    """Do what the current request asks for."""
    if isinstance(call, JobCall):
        job_call = call
        return _guard(vendor, Scope.WRITE, lambda owner: _run(vendor, job_call, owner))
    return _guard(vendor, call.scope, lambda owner: call.answer(owner, **path_values))


def _guard(vendor: Vendor, scope: Scope, act: Callable[[Owner], Response]) -> Response:
    """Authenticate and act; answer every error in the vendor's shape."""
    try:
        g.owner = vendor.authenticate()
        require_scope(scope)
        return act(g.owner)
    except LinkmillError as error:
        return _error_response(vendor, error)
    except HTTPException:
        raise  # the error handlers of the app answer these
    except Exception as error:
        return _error_response(vendor, explain(error))


def _run(vendor: Vendor, call: JobCall, owner: Owner) -> Response:
    # Before the body is read: a client over its limit must not cost us the work of reading it.
    limits.spend_call(owner)
    with idempotency.hold_key() as hold:
        body = read_body() if call.has_body else None
        vendor_request = call.parse_request(body, owner)
        key = RequestKey(vendor.name, _fingerprint(body))
        if hold:
            hold.fingerprint = key.fingerprint  # in place of a hash of the bytes, which depends on the formatting
        if not hold or not hold.record:  # a repeated request was checked the first time
            _check_limits(vendor, call, vendor_request, owner)
        upload = _upload(vendor, vendor_request)
        options = _options(vendor_request)
        if _prefers_job():
            return _accept(upload, owner, options, hold)
        job = synchronous.create_or_join(upload, owner, options, key, hold)
        if vendor_request.fetch_titles:
            synchronous.wait_for_titles(job)
        return json_response(call.build_answer(FinishedCall(vendor_request, job)), call.status)


def read_body() -> Any:
    """Decode the JSON body of the current request."""
    # The Content-Type is not checked: clients that forget it send JSON all the same.
    body = json_bodies.read_all(chunks(request), json_bodies.LARGEST_JSON)
    try:
        return decode_json(json_bodies.any_decoder, body.removeprefix(BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenJson(f"The body is not JSON: {error}.") from None


def _fingerprint(body: Any) -> str:
    """Hash what a request says, however its JSON is formatted."""
    # The same body with another method, at another path, or with Rebrandly's header for another workspace is another
    # request.
    query = request.args.to_dict(flat=False)
    parts = [body, request.method, request.path, query, request.headers.get("workspace")]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def _check_limits(vendor: Vendor, call: JobCall, vendor_request: VendorRequest, owner: Owner) -> None:
    plan_limit = plans.of(owner.plan).batch_limit(vendor.name, vendor.batch_limit)
    synchronous.check_batch(vendor_request.size, vendor.workspace_limit(owner) or plan_limit)
    if call.checks_quota:
        synchronous.check_quota(owner, vendor_request.size)


def _upload(vendor: Vendor, vendor_request: VendorRequest) -> Upload:
    if vendor_request.count:
        return synchronous.upload_copies(vendor.name, vendor_request.items[0], vendor_request.count)
    return synchronous.upload_items(vendor.name, vendor_request.items)


def _options(vendor_request: VendorRequest) -> Options:
    return Options(
        domain=vendor_request.domain,
        fetch_titles=vendor_request.fetch_titles,
        duplicates=Duplicates.REUSE if vendor_request.reuse_urls else Duplicates.CREATE,
        slugs=vendor_request.slugs,
        slug_length=vendor_request.slug_length,
        action=vendor_request.action,
        on_existing=OnExisting.UPDATE if vendor_request.changes_existing else OnExisting.KEEP,
    )


def _prefers_job() -> bool:
    preferences = request.headers.get("Prefer", "").lower().replace(" ", "").split(",")
    return "respond-async" in preferences


def _accept(upload: Upload, owner: Owner, options: Options, hold: Hold | None) -> Response:
    """Answer with the job at once."""
    job_id = accept(upload, owner, lambda: options, hold)
    response = respond_with_job(find_job(owner, job_id), 202)
    response.headers["Location"] = f"/api/jobs/{job_id}"
    return response


def _error_response(vendor: Vendor, error: LinkmillError) -> Response:
    status, body = vendor.build_error(FailedCall(status_of(error), error.code, str(error), error))
    if isinstance(error, InProgress | KeyReused):  # the statuses of the Idempotency-Key draft; vendors have none
        status = status_of(error)
    response = add_advice(json_response(body, status), error)
    if status == 401:
        response.headers["WWW-Authenticate"] = vendor.challenge
    return response
