"""What visitors see where a short link does not redirect: pages for people, problem+json for programs."""

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
CSS_HASH = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{CSS_HASH}'",
        # Not 'self': browsers apply it to the redirect after the right password as well.
        "form-action http: https:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def answer_error(error: LinkmillError) -> Response:
    problem = errors.answer_error(error)
    if not _prefers_page(default=False):
        return problem
    text = texts.get("throttled") if problem.status_code == 429 else str(error)
    response = render("page", problem.status_code, text=text)
    if "Retry-After" in problem.headers:
        response.headers["Retry-After"] = problem.headers["Retry-After"]
    return response


def ask_password(wrong: bool = False) -> Response:
    """Answer with the form. A client that names no media type gets it too: it may be able to fill it in."""
    if _prefers_page(default=True):
        fault = texts.get("wrong") if wrong else ""
        response = render("password", 401, text=texts.get("password"), fault=fault)
    else:
        response = errors.problem(401, "PASSWORD_REQUIRED", texts.get("wrong" if wrong else "password"))
    response.headers["WWW-Authenticate"] = "FormBased"
    return response


def preview(short_url: str, url: str, title: str | None) -> Response:
    """Show where a link leads, without following it."""
    if not _prefers_page(default=True):
        return jsonify(short_url=short_url, url=url, title=title)
    return render("preview", 200, text=texts.get("leads_to"), short_url=short_url, url=url, title=title)


def describe(title: str | None) -> Response:
    """Show what a link is called, and nothing of where it leads."""
    return render("title", 200, heading=title or texts.get("untitled"))


def render(template: str, status: int, **values: Any) -> Response:
    values = {"heading": _heading(status)} | values
    css = Markup(CSS)  # noqa: S704 - our own
    all_texts = texts.all_texts()
    body = render_template(f"visitors/{template}.html", css=css, texts=all_texts, **values)
    response = make_response(body, status)
    response.headers |= {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return response


def _heading(status: int) -> str:
    if status in HEADINGS:
        return texts.get(f"{HEADINGS[status]}_heading")
    return HTTPStatus(status).phrase


def _prefers_page(default: bool) -> bool:
    """Whether the client asks for HTML. The default counts when it names no media type: */* names none."""
    media_types = [media_type.lower() for media_type, weight in request.accept_mimetypes if weight > 0]
    if "text/html" in media_types:
        return True
    accepts_json = any(media_type.endswith(("/json", "+json")) for media_type in media_types)
    return default and not accepts_json
