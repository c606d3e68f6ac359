"""Sessions of the dashboard: a signed cookie with an id and a key, and the CSRF token that every change must carry."""

import hmac
import secrets
import time
from datetime import timedelta
from hashlib import sha256

from flask import Flask, Request, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.exc import SQLAlchemyError

from models.accounts import installation_secrets
from models.accounts.keys import Owner
from models.errors import Forbidden
from producer.resources import authentication

COOKIE = "linkmill_session"
IDLE_LIFETIME = timedelta(hours=12)
# Not with every response: of two concurrent responses the later one would win.
RENEWAL_SECONDS = 300
PATHS_WITH_SESSION = ("/app", "/api/")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
TOKEN_FIELD = "csrf_token"  # noqa: S105 - a name
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105
TOKEN_BYTES = 24
FORM_WITH_FILES = "multipart/form-data"


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions, with a secret that is read with the first cookie: before that there may be no database."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        return URLSafeTimedSerializer(
            installation_secrets.get(installation_secrets.SESSION_KEY),
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs={"key_derivation": self.key_derivation, "digest_method": sha256},
        )

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if COOKIE not in request.cookies or not request.path.startswith(PATHS_WITH_SESSION):
            return self.session_class()
        try:
            return super().open_session(app, request)
        except SQLAlchemyError:
            return self.session_class()

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def install(app: Flask) -> None:
    app.session_interface = Sessions()
    app.config |= {
        "SESSION_COOKIE_NAME": COOKIE,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": IDLE_LIFETIME,
    }


def start(owner: Owner, workspace: str) -> None:
    """Start a new session. Nothing of the session before it stays, its CSRF token included."""
    session.clear()
    session.permanent = True
    session.update(id=_new_token(), key=str(owner.key_id), workspace=workspace)
    session.update(at=int(time.time()), token=_new_token())
    g.owner = owner


def end() -> None:
    """End the session on the server too: a copy of its cookie opens nothing any more."""
    if "id" in session:
        authentication.end_session(session["id"])
    session.clear()
    g.pop("owner", None)


def find_owner() -> Owner | None:
    """Find the owner of this session's key; None without a session, and once it has ended or the key is revoked."""
    if "id" not in session or "key" not in session:
        return None
    return authentication.find_session_owner(session["id"], int(session["key"]))


def renew() -> None:
    """Keep a session alive while it is used."""
    if time.time() - session["at"] > RENEWAL_SECONDS:
        session["at"] = int(time.time())


def csrf_token() -> str:
    """Return the token that every form of this session must carry."""
    if "token" not in session:
        session["token"] = _new_token()
    return str(session["token"])


def request_has_csrf_token() -> bool:
    """Check the token of a request. A form with files is not read for it: its file may be very large."""
    token = request.headers.get(TOKEN_HEADER)
    if token is None and request.mimetype != FORM_WITH_FILES:
        token = request.form.get(TOKEN_FIELD)
    return is_csrf_token(token or "")


def authenticate_page() -> Owner | None:
    """Find who calls the API from a page of the dashboard. A call that changes something must carry the token."""
    owner = find_owner()
    if owner is None or request.method in SAFE_METHODS:
        return owner
    if not is_csrf_token(request.headers.get(TOKEN_HEADER, "")):
        raise Forbidden(f"A change from a page must carry the page's token in {TOKEN_HEADER}. Load the page again.")
    return owner


def is_csrf_token(token: str) -> bool:
    expected = session.get("token")
    if expected is None:
        return False
    return hmac.compare_digest(token.encode(errors="replace"), expected.encode())


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)
