"""Sessions of the dashboard: a signed cookie that names a key, and the token that every change has to come with."""

import hmac
import secrets
import time
from datetime import timedelta
from hashlib import sha256

from flask import Flask, Request, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.exc import SQLAlchemyError

from models import store
from models.accounts import installation_secrets as kept
from models.accounts import keys
from models.accounts.keys import Owner
from models.errors import Forbidden

COOKIE = "linkmill_session"
IDLE = timedelta(hours=12)
RENEWED_SECONDS = 300  # not with every answer: of two at once the later one would win
PATHS = ("/app", "/api/")
SAFE = ("GET", "HEAD", "OPTIONS")
TOKEN_FIELD = "csrf_token"  # noqa: S105 - a name
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105
TOKEN_BYTES = 24
FILES = "multipart/form-data"


class Sessions(SecureCookieSessionInterface):
    """Flask's own, with a secret that is read when the first cookie comes: there may be no database before."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        return URLSafeTimedSerializer(
            kept.get(kept.SESSION_KEY),
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs={"key_derivation": self.key_derivation, "digest_method": sha256},
        )

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if COOKIE not in request.cookies or not request.path.startswith(PATHS):
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
        "PERMANENT_SESSION_LIFETIME": IDLE,
    }


def begin(owner: Owner, workspace: str) -> None:
    """Another session altogether: what the one before held is gone, its token too."""
    session.clear()
    session.permanent = True
    session.update(key=str(owner.key_id), workspace=workspace, at=int(time.time()), token=_new_token())
    g.owner = owner


def end() -> None:
    session.clear()
    g.pop("owner", None)


def owner() -> Owner | None:
    """Whose session this is; a key that was revoked meanwhile opens nothing."""
    if "key" not in session:
        return None
    with store.read() as db:
        return keys.by_id(db, int(session["key"]))


def renew() -> None:
    """Whoever is at work stays signed in."""
    if time.time() - session["at"] > RENEWED_SECONDS:
        session["at"] = int(time.time())


def token() -> str:
    """What a form of this session has to carry."""
    if "token" not in session:
        session["token"] = _new_token()
    return str(session["token"])


def carries_token() -> bool:
    """Whether a request that changes something is from a page of ours. No form with files is read for it."""
    sent = request.headers.get(TOKEN_HEADER)
    if sent is None and request.mimetype != FILES:
        sent = request.form.get(TOKEN_FIELD)
    return is_token(sent or "")


def by_page() -> Owner | None:
    """Who asks the API from a page of ours; what changes something has the token in its header."""
    found = owner()
    if found and request.method not in SAFE and not is_token(request.headers.get(TOKEN_HEADER, "")):
        raise Forbidden(f"a change from a page needs its token in {TOKEN_HEADER}: load the page again")
    return found


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_token(sent: str) -> bool:
    return "token" in session and hmac.compare_digest(sent.encode(errors="replace"), session["token"].encode())
