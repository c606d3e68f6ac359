"""Errors as problem+json (RFC 9457): the one place where our error tree meets HTTP."""

from http import HTTPStatus
from typing import Any
from wsgiref.types import WSGIEnvironment

import structlog
from flask import Flask, Response, json, request
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException

from models import errors, store
from models.errors import FieldError, field_error

STATUS: dict[type[errors.LinkmillError], int] = {
    errors.BadRequest: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.UnsupportedType: 415,
    errors.Invalid: 422,
    errors.Unreadable: 422,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
    errors.StillRunning: 504,
    errors.StorageFull: 507,
}
STORE_AWAY = (OperationalError, InterfaceError, TimeoutError, RedisError)
"""What the drivers raise while the database or the broker does not answer."""

RETRY_SECONDS = 2
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"

log = structlog.get_logger()


def register(app: Flask) -> None:
    app.register_error_handler(errors.LinkmillError, answer_error)
    app.register_error_handler(HTTPException, answer_http_exception)
    app.register_error_handler(Exception, answer_failure)
    app.after_request(close_after_refused_body)


def answer_error(error: errors.LinkmillError) -> Response:
    response = problem(status_of(error), error.code, str(error), getattr(error, "errors", None))
    if type(error) is errors.RateLimited:
        body = json.loads(response.get_data())
        body |= {"type": QUOTA_EXCEEDED, "violated-policies": ["bulk"]}
        response.set_data(json.dumps(body))
    return add_advice(response, error)


def answer_http_exception(error: HTTPException) -> Response:
    """Answer what Flask, Werkzeug or flask-smorest refuse."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()  # type: ignore[return-value]
    fields = _schema_errors(error)
    code = "INVALID_REQUEST" if fields else HTTPStatus(status).name
    response = problem(status, code, error.description or HTTPStatus(status).phrase, fields)
    allowed = getattr(error, "valid_methods", None)
    if isinstance(allowed, list):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def answer_failure(error: Exception) -> Response:
    return answer_error(explain(error))


def explain(error: Exception) -> errors.LinkmillError:
    """Log an error that is not of our tree, and return the one of our tree that tells the client what it means."""
    if store.is_full(error):
        log.error("storage_full", reason=error)
        return errors.StorageFull("There is no room left to store this. Nothing was created. Try again later.")
    if store.is_out_of_time(error):
        log.warning("statement_took_too_long", reason=error)
        return errors.Unavailable("This takes too long at the moment. Ask for less, or try again later.")
    if isinstance(error, STORE_AWAY) or store.is_transient(error):
        log.error("store_unavailable", reason=error)
        return errors.Unavailable("The database or the broker does not answer, or accepts no writes. Try again.")
    log.error("unexpected_error", exc_info=error)
    return errors.LinkmillError("An internal error occurred. It is in the server's log.")


def problem(status: int, code: str, detail: str, fields: list[FieldError] | None = None) -> Response:
    title = HTTPStatus(status).phrase
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    if fields:
        body["errors"] = fields
    response = Response(json.dumps(body), status, content_type="application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def status_of(error: errors.LinkmillError) -> int:
    """Find the status of the error's class, or of the nearest class above it."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500


def add_advice(response: Response, error: errors.LinkmillError) -> Response:
    """Say in headers what a client can do about an error, whatever the shape of the body."""
    if isinstance(error, errors.RateLimited):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.InProgress | errors.Unavailable):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, errors.StillRunning):
        response.headers["Location"] = f"/api/jobs/{error.job_id}"
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def close_after_refused_body(response: Response) -> Response:
    """Close the connection when a body was refused: the client may still be sending it, into its next request."""
    if must_close(response, request.environ):
        response.headers["Connection"] = "close"
    return response


def must_close(response: Response, environ: WSGIEnvironment) -> bool:
    has_body = environ.get("CONTENT_LENGTH", "") not in NO_BODY or "HTTP_TRANSFER_ENCODING" in environ
    is_http_1 = environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1")
    return response.status_code >= 400 and has_body and is_http_1


NO_BODY = ("", "0")


def pointers(messages: Any, *path: str) -> list[FieldError]:
    """Flatten marshmallow's nested messages into a list of field errors."""
    fields: list[FieldError] = []
    if isinstance(messages, list):
        for message in messages:
            fields += pointers(message, *path)
        return fields
    if not isinstance(messages, dict):
        return [field_error(str(messages), *path)]
    for name, inner in messages.items():
        # marshmallow says "key" or "value" for a member of a mapping: the client wrote no such name.
        is_mapping_part = bool(path) and name in ("key", "value")
        fields += pointers(inner, *path) if is_mapping_part else pointers(inner, *path, str(name))
    return fields


def _schema_errors(error: HTTPException) -> list[FieldError]:
    """Collect what flask-smorest reports for the query, the body and other locations."""
    data = getattr(error, "data", None) or {}
    fields: list[FieldError] = []
    for messages in data.get("messages", {}).values():
        fields += pointers(messages)
    return fields
