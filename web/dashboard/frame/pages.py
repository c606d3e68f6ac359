"""Pages of the dashboard: their navigation, the format of values, and errors as pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Response, g, make_response, redirect, render_template, request, session, url_for
from werkzeug.exceptions import HTTPException

from models.errors import LinkmillError
from web import errors, sessions
from web.dashboard.frame import assets, phrases
from web.dashboard.frame.phrases import Question


class NavigationEntry(NamedTuple):
    name: str
    path: str


NAVIGATION = (
    NavigationEntry("Overview", "/app/overview"),
    NavigationEntry("Upload", "/app/upload"),
    NavigationEntry("Jobs", "/app/jobs"),
    NavigationEntry("Links", "/app/links"),
    NavigationEntry("Domains", "/app/domains"),
    NavigationEntry("Groups and tags", "/app/labels"),
    NavigationEntry("Webhooks", "/app/webhooks"),
    NavigationEntry("Keys", "/app/keys"),
    NavigationEntry("Usage", "/app/usage"),
    NavigationEntry("API docs", "/docs"),
)
NO_VALUE = "–"
MINUTES_OF_AN_HOUR = 60
MINUTES_OF_A_DAY = 24 * 60
MOST_DAYS = 30
"""How old a moment may be that is written as an age."""


def render(template: str, status: int = 200, /, **values: Any) -> Response:
    return make_response(render_template(f"dashboard/{template}.html", **values), status)


def ask(question: Question, back: str, more: str = "", /, **values: Any) -> Response:
    """Show a question, whose button sends the form to the same address."""
    texts = [text.format_map(values) for text in question]
    heading, text, button = texts
    return render("confirm", heading=heading, text=text + more, button=button, back=back)


def go_to(endpoint: str, **values: Any) -> Response:
    """Redirect to another page after a change."""
    return redirect(url_for(endpoint, **values), 303)  # type: ignore[return-value]


def go_to_url(address: str) -> Response:
    """Redirect to an address of ours."""
    return redirect(address, 303)  # type: ignore[return-value]


def template_context() -> dict[str, Any]:
    """Return the names that every template may use."""
    owner = getattr(g, "owner", None)
    return {
        "navigation": NAVIGATION,
        "here": lambda entry: request.path == entry.path or request.path.startswith(f"{entry.path}/"),
        "may": lambda scope: owner is not None and scope in owner.scopes,
        "signed_in": owner is not None,
        "static": assets.asset_url,
        "token": sessions.csrf_token,
        "token_field": sessions.TOKEN_FIELD,
        "workspace": session.get("workspace", ""),
    }


def show_error(error: LinkmillError) -> Response:
    status = errors.status_of(error)
    text = phrases.NOT_FOUND if status == 404 else as_sentence(str(error))
    return errors.add_advice(_render_error(status, text), error)


def show_http_exception(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()  # type: ignore[return-value]
    return _render_error(status, phrases.NOT_FOUND if status == 404 else error.description or "")


def show_failure(error: Exception) -> Response:
    return show_error(errors.explain(error))


def _render_error(status: int, text: str) -> Response:
    return render("error", status, heading=HTTPStatus(status).phrase, text=text)


def as_sentence(text: str) -> str:
    """Write a message with a capital letter and a full stop."""
    sentence = f"{text[:1].upper()}{text[1:]}"
    return sentence if sentence.endswith(".") else f"{sentence}."


def format_number(value: int | float | None) -> str:
    return NO_VALUE if value is None else f"{value:,.0f}"


def format_time(value: datetime | str | None) -> str:
    """Write a moment in UTC, the only time zone of our pages."""
    if not value:
        return NO_VALUE
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")


def format_age(value: datetime | str | None) -> str:
    """Write how long ago a moment was, or its day when that is more than a month."""
    if not value:
        return NO_VALUE
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    minutes = int((datetime.now(UTC) - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < MINUTES_OF_AN_HOUR:
        return f"{minutes} min ago"
    if minutes < MINUTES_OF_A_DAY:
        return f"{minutes // MINUTES_OF_AN_HOUR} h ago"
    days = minutes // MINUTES_OF_A_DAY
    if days <= MOST_DAYS:
        return "1 day ago" if days == 1 else f"{days} days ago"
    return moment.astimezone(UTC).strftime("%-d %b %Y")


def format_duration(seconds: float | None) -> str:
    if seconds is None:
        return NO_VALUE
    if seconds < 0.1:
        return "less than 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def format_percent(value: float) -> str:
    return f"{value:g} %"


FILTERS: dict[str, Callable[..., str]] = {
    "number": format_number,
    "when": format_time,
    "duration": format_duration,
    "age": format_age,
    "percent": format_percent,
}
