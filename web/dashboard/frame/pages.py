"""What all pages of the dashboard share: their frame, how values are written, and errors as pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Response, g, make_response, redirect, render_template, request, session, url_for
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException

from models.errors import LinkmillError
from web import errors, sessions
from web.dashboard.frame import files


class Place(NamedTuple):
    """An entry of the navigation."""

    name: str
    path: str


NAVIGATION = (
    Place("Upload", "/app/upload"),
    Place("Jobs", "/app/jobs"),
    Place("Links", "/app/links"),
    Place("Webhooks", "/app/webhooks"),
    Place("Keys", "/app/keys"),
    Place("Usage", "/app/usage"),
)
AWAY = (OperationalError, InterfaceError, TimeoutError, RedisError)
NOT_FOUND = "There is no such page here, or it belongs to another workspace."


def page(name: str, status: int = 200, /, **shown: Any) -> Response:
    return make_response(render_template(f"dashboard/{name}.html", **shown), status)


def go(endpoint: str, **values: Any) -> Response:
    """On to another page, after something was done."""
    return redirect(url_for(endpoint, **values), 303)  # type: ignore[return-value]


def everywhere() -> dict[str, Any]:
    """What every template knows."""
    owner = getattr(g, "owner", None)
    return {
        "navigation": NAVIGATION,
        "here": lambda place: request.path == place.path or request.path.startswith(f"{place.path}/"),
        "may": lambda scope: owner is not None and scope in owner.scopes,
        "signed_in": owner is not None,
        "static": files.address,
        "token": sessions.token,
        "token_field": sessions.TOKEN_FIELD,
        "workspace": session.get("workspace", ""),
    }


def of_ours(error: LinkmillError) -> Response:
    status = errors.status_of(error)
    text = NOT_FOUND if status == 404 else sentence(str(error))
    return errors.advised(_error(status, text), error)


def of_http(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()  # type: ignore[return-value]
    return _error(status, NOT_FOUND if status == 404 else error.description or "")


def of_database(error: Exception) -> Response:
    return _like(errors.of_database(error), "The database or the broker does not answer. Try again in a moment.")


def of_surprise(error: Exception) -> Response:
    return _like(errors.of_surprise(error), "Something went wrong on our side. It is in our log.")


def number(value: int | float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def when(value: datetime | str | None) -> str:
    """For people; a script makes local time of it."""
    if not value:
        return "–"
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


FILTERS: dict[str, Callable[..., str]] = {"number": number, "when": when, "duration": duration}


def _like(problem: Response, text: str) -> Response:
    """The page for what programs are told as a problem."""
    shown = _error(problem.status_code, text)
    if "Retry-After" in problem.headers:
        shown.headers["Retry-After"] = problem.headers["Retry-After"]
    return shown


def _error(status: int, text: str) -> Response:
    return page("error", status, heading=HTTPStatus(status).phrase, text=text)


def sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")
