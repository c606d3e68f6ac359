"""Errors as problem+json (RFC 9457): the one place where our error tree meets HTTP."""

from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, json, request
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException

from models import errors
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
}
RETRY_SECONDS = 2
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"

OF_MAPPING = ("key", "value")
"""What marshmallow says is wrong with a member of a mapping: nothing that the client wrote."""

log = structlog.get_logger()


def register(app: Flask) -> None:
    app.register_error_handler(errors.LinkmillError, of_ours)
    app.register_error_handler(HTTPException, of_http)
    for away in (OperationalError, InterfaceError, TimeoutError, RedisError):
        app.register_error_handler(away, of_database)
    app.register_error_handler(Exception, of_surprise)
    app.after_request(let_go)


def problem(status: int, code: str, detail: str, fields: list[FieldError] | None = None) -> Response:
    title = HTTPStatus(status).phrase
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    if fields:
        body["errors"] = fields
    response = Response(json.dumps(body), status, content_type="application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def of_ours(error: errors.LinkmillError) -> Response:
    made = problem(status_of(error), error.code, str(error), getattr(error, "errors", None))
    if type(error) is errors.RateLimited:
        body = json.loads(made.get_data()) | {"type": QUOTA_EXCEEDED, "violated-policies": ["bulk"]}
        made.set_data(json.dumps(body))
    return advised(made, error)


def status_of(error: errors.LinkmillError) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def advised(response: Response, error: errors.LinkmillError) -> Response:
    """Says in headers what a client can do about an error, whatever the shape of its body."""
    if isinstance(error, errors.RateLimited):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.InProgress):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, errors.StillRunning):
        response.headers["Location"] = f"/api/jobs/{error.job_id}"
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def of_http(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()  # type: ignore[return-value]
    data = getattr(error, "data", None) or {}
    fields = [field for place in data.get("messages", {}).values() for field in pointers(place)]
    code = "INVALID_REQUEST" if fields else HTTPStatus(status).name
    made = problem(status, code, error.description or HTTPStatus(status).phrase, fields)
    if isinstance(allowed := getattr(error, "valid_methods", None), list):
        made.headers["Allow"] = ", ".join(sorted(allowed))
    return made


def of_database(error: Exception) -> Response:
    log.error("store_away", reason=error)
    return problem(503, "UNAVAILABLE", "the database or the broker does not answer; try again")


def of_surprise(error: Exception) -> Response:
    log.error("surprise", exc_info=error)
    return problem(500, "INTERNAL", "an internal error; it is in our log")


def let_go(response: Response) -> Response:
    """Part of a refused body may still be under way: without this the client's next request would run into it."""
    sending = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if response.status_code >= 400 and sending and request.environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1"):
        response.headers["Connection"] = "close"
    return response


def pointers(messages: Any, *path: str) -> list[FieldError]:
    """marshmallow's nested messages as a flat list of field errors."""
    if not isinstance(messages, dict):
        return [field_error(str(text), *path) for text in messages]
    errors = []
    for name, inner in messages.items():
        # A mapping's key and value are no steps of the client's JSON.
        is_step = not path or name not in OF_MAPPING
        errors += pointers(inner, *path, str(name)) if is_step else pointers(inner, *path)
    return errors
