"""Signing in with an API key, and signing out."""

import re

from flask import Blueprint, Response, flash, redirect, request, url_for

from models.errors import TooManyAttempts
from producer.resources import authentication
from producer.signals import throttling
from web import auth, sessions
from web.dashboard.frame import pages, phrases

HOME = "/app"
OWN_PATH = re.compile(r"/app(?:[/?][!-\[\]-~]*)?")  # without the backslash, which browsers read as a slash
LONGEST_TOKEN = 512

blueprint = Blueprint("sign_in", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response:
    next_path = _read_next_path()
    if request.method == "POST":
        return _try_token(request.form.get("token", "").strip()[:LONGEST_TOKEN], next_path)
    if sessions.find_owner():
        return redirect(next_path, 303)  # type: ignore[return-value]
    return _render_form(200)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    sessions.end()
    flash(phrases.SIGNED_OUT)
    return redirect(url_for("app.sign_in.sign_in"), 303)  # type: ignore[return-value]


def _try_token(token: str, next_path: str) -> Response:
    try:
        attempt = throttling.begin_sign_in_attempt(request.remote_addr or "")
    except TooManyAttempts as error:
        fault = phrases.TOO_MANY_SIGN_INS.format(seconds=error.retry_after)
        response = _render_form(429, fault)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    owner = authentication.find_token_owner(token)
    if owner is None:
        return _render_form(401, phrases.UNKNOWN_TOKEN)
    throttling.forgive(attempt)
    sessions.start(auth.schedule_use_record(owner), authentication.workspace_name(owner))
    return redirect(next_path, 303)  # type: ignore[return-value]


def _render_form(status: int, fault: str = "") -> Response:
    return pages.render("sign_in", status, fault=fault)


def _read_next_path() -> str:
    """Return the page to show after signing in: one of ours, so that no link can lead to another site."""
    path = request.args.get("to", "")
    return path if OWN_PATH.fullmatch(path) and not _has_dot_segment(path) else HOME


def _has_dot_segment(path: str) -> bool:
    """Whether browsers would make another path of this one: `/app/../api` leads out of the dashboard."""
    segments = path.partition("?")[0].lower().replace("%2e", ".").split("/")
    return "." in segments or ".." in segments
