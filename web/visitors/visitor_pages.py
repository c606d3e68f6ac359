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
from web.visitors import texts

HEADINGS = {401: "password", 404: "unknown", 410: "ended", 429: "throttled", 200: "preview"}
CSS = (Path(__file__).parents[1] / "pages" / "visitors" / "page.css").read_text()
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
    told = texts.of("throttled") if problem.status_code == 429 else str(error)
    shown = page("page", problem.status_code, text=told)
    if "Retry-After" in problem.headers:
        shown.headers["Retry-After"] = problem.headers["Retry-After"]
    return shown


def password(wrong: bool = False) -> Response:
    """The form, also for programs that do not say what they want: they may know how to fill it in."""
    if not _wants_page(otherwise=True):
        shown = errors.problem(401, "PASSWORD_REQUIRED", texts.of("wrong" if wrong else "password"))
    else:
        shown = page("password", 401, text=texts.of("password"), fault=texts.of("wrong") if wrong else "")
    shown.headers["WWW-Authenticate"] = "FormBased"
    return shown


def preview(short_url: str, url: str, title: str | None) -> Response:
    if not _wants_page(otherwise=True):
        return jsonify(short_url=short_url, url=url, title=title)
    return page("preview", 200, text=texts.of("leads_to"), short_url=short_url, url=url, title=title)


def page(name: str, status: int, **shown: Any) -> Response:
    known = texts.known()
    heading = known[f"{HEADINGS[status]}_heading"] if status in HEADINGS else HTTPStatus(status).phrase
    css = Markup(CSS)  # noqa: S704 - our own
    body = render_template(f"visitors/{name}.html", heading=heading, css=css, texts=known, **shown)
    made = make_response(body, status)
    made.headers |= {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return made


def _wants_page(otherwise: bool) -> bool:
    """What was named decides: */* names nothing."""
    named = [kind.lower() for kind, weight in request.accept_mimetypes if weight > 0]
    if "text/html" in named:
        return True
    return otherwise and not any(kind.endswith(("/json", "+json")) for kind in named)
