"""Signing in with a key, and out again."""

import re

from flask import Blueprint, Response, flash, redirect, request, url_for

from models import store
from models.accounts import keys, workspaces
from models.accounts.keys import Owner
from models.errors import TooManyAttempts
from producer.signals import throttling
from web import auth, sessions
from web.dashboard.frame import pages

HOME = "/app"
OURS = re.compile(r"/app(?:[/?][!-\[\]-~]*)?")  # without the backslash, which browsers take for a slash
LONGEST = 512
WRONG = "There is no such key, or it was revoked."

blueprint = Blueprint("entry", __name__)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response:
    wanted = _wanted()
    if request.method == "POST":
        return _take(request.form.get("token", "").strip()[:LONGEST], wanted)
    return redirect(wanted, 303) if sessions.owner() else _form(200)  # type: ignore[return-value]


@blueprint.post("/sign-out")
def sign_out() -> Response:
    sessions.end()
    flash("You are signed out.")
    return redirect(url_for("app.entry.sign_in"), 303)  # type: ignore[return-value]


def _take(token: str, wanted: str) -> Response:
    try:
        attempt = throttling.begin_sign_in_attempt(request.remote_addr or "")
    except TooManyAttempts as error:
        shown = _form(429, f"Too many keys that are none. Try again in {error.retry_after} seconds.")
        shown.headers["Retry-After"] = str(error.retry_after)
        return shown
    found = _find(token)
    if found is None:
        return _form(401, WRONG)
    throttling.forgive(attempt)
    owner, workspace = found
    sessions.begin(auth.noted(owner), workspace)
    return redirect(wanted, 303)  # type: ignore[return-value]


def _find(token: str) -> tuple[Owner, str] | None:
    with store.read() as db:
        owner = keys.by_token(db, token) if token else None
        return (owner, workspaces.get(db, owner.workspace_id).name) if owner else None


def _form(status: int, fault: str = "") -> Response:
    return pages.page("sign_in", status, fault=fault)


def _wanted() -> str:
    """Where to go afterwards: a page of ours, and nobody else's."""
    asked = request.args.get("to", "")
    return asked if OURS.fullmatch(asked) else HOME
