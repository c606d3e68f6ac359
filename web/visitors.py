"""What visitors see where a short link does not simply lead on: pages for people, problem+json for programs."""

import base64
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Response, jsonify, make_response, render_template, request
from markupsafe import Markup

from models.errors import LinkmillError
from web import errors

TEXTS = {
    "unknown": "There is no such short link.",
    "expired": "This short link has expired.",
    "used up": "This short link was for a limited number of visits, and they are used up.",
    "password": "This short link is protected with a password.",
    "label": "Password",
    "button": "Go on",
    "wrong": "That is not the password.",
    "throttled": "Too many wrong passwords. Try again later.",
    "leads to": "leads to",
}
HEADINGS = {
    401: "Password",
    404: "Not found",
    410: "No longer there",
    429: "Wait a little",
    200: "Where this link leads",
}
CSS = (Path(__file__).parent / "pages" / "visitors" / "page.css").read_text()
# No form-action of 'self': browsers apply it to where a right password leads as well.
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()}'",
        "form-action http: https:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def refused(error: LinkmillError) -> Response:
    problem = errors.of_ours(error)
    if not _wants_page(otherwise=False):
        return problem
    shown = page("page", problem.status_code, text=str(error))
    if "Retry-After" in problem.headers:
        shown.headers["Retry-After"] = problem.headers["Retry-After"]
    return shown


def password(wrong: bool = False) -> Response:
    """The form, also for programs that do not say what they want: they may know how to fill it in."""
    if not _wants_page(otherwise=True):
        shown = errors.problem(401, "PASSWORD_REQUIRED", TEXTS["wrong" if wrong else "password"])
    else:
        texts = {name: TEXTS[name] for name in ("label", "button")}
        shown = page("password", 401, text=TEXTS["password"], fault=TEXTS["wrong"] if wrong else "", **texts)
    shown.headers["WWW-Authenticate"] = "FormBased"
    return shown


def preview(short_url: str, url: str, title: str | None) -> Response:
    if not _wants_page(otherwise=True):
        return jsonify(short_url=short_url, url=url, title=title)
    return page("preview", 200, text=TEXTS["leads to"], short_url=short_url, url=url, title=title)


def page(name: str, status: int, **shown: Any) -> Response:
    heading = HEADINGS.get(status) or HTTPStatus(status).phrase
    body = render_template(f"visitors/{name}.html", heading=heading, css=Markup(CSS), **shown)  # noqa: S704 - our own
    made = make_response(body, status)
    made.headers |= {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return made


def _wants_page(otherwise: bool) -> bool:
    """What was named decides: */* names nothing."""
    named = [kind.lower() for kind, weight in request.accept_mimetypes if weight > 0]
    if "text/html" in named:
        return True
    return otherwise and not any(kind.endswith(("/json", "+json")) for kind in named)
