"""Authentication of a request: the key in its header or session, and the scopes of that key."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Response, after_this_request, g, request

from models.accounts.keys import Owner, Scope
from models.errors import Forbidden, Unauthorized
from producer.resources import authentication
from producer.signals import written
from web import sessions

View = TypeVar("View", bound=Callable[..., Any])

BEARER = "Authorization: Bearer <token>"
INVALID_KEY = "The key is missing or not valid. Send {}."
NOT_STORED = "no-store"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWNER_OF_TOKEN = "linkmill.owner_of_token"  # noqa: S105 - a name
"""The entry of a request's environment with a token and its owner, who was looked up before Flask."""


def needs(scope: Scope) -> Callable[[View], View]:
    """Let a view be called only with a key that has this scope."""

    def wrap(view: View) -> View:
        @wraps(view)
        def authenticated(*args: Any, **kwargs: Any) -> Any:
            g.owner = authenticate_bearer_or_session()
            require_scope(scope)
            return view(*args, **kwargs)

        return authenticated  # type: ignore[return-value]

    return wrap


def owner() -> Owner:
    """Return the owner of this request's key."""
    current: Owner = g.owner
    return current


def require_scope(scope: Scope) -> None:
    if scope not in owner().scopes:
        raise Forbidden(f"This key lacks the scope {scope.value!r}.")


def authenticate_bearer_or_session() -> Owner:
    """Authenticate a call of the API. Pages of the dashboard send no header: their session counts."""
    if "Authorization" not in request.headers:
        session_owner = sessions.authenticate_page()
        if session_owner is not None:
            return schedule_use_record(session_owner)
    return authenticate_bearer()


def authenticate_bearer() -> Owner:
    return authenticate_token(parse_bearer(request.headers.get("Authorization", "")))


def parse_bearer(header: str) -> str:
    """Return the token of an Authorization header; an empty text if there is none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def authenticate_header(name: str) -> Owner:
    """Authenticate with the bare token in a header of its own."""
    return authenticate_token(request.headers.get(name, "").strip(), f"{name}: <token>")


def authenticate_consumer(key: str, secret: str) -> Owner:
    """Authenticate with the key and secret that WordPress plugins use."""
    key_owner = authentication.find_consumer_owner(key, secret)
    if key_owner is None:
        raise Unauthorized("The consumer key and secret are missing or not valid.")
    return schedule_use_record(key_owner)


def authenticate_token(token: str, expected: str = BEARER) -> Owner:
    """Find the owner of a token. `expected` is the header that the error message asks for."""
    key_owner = _find_token_owner(token)
    if key_owner is None:
        raise Unauthorized(INVALID_KEY.format(expected))
    return schedule_use_record(key_owner)


def _find_token_owner(token: str) -> Owner | None:
    known: tuple[str, Owner | None] = request.environ.get(OWNER_OF_TOKEN, ("", None))
    if known[0] == token and known[1]:
        return known[1]
    return authentication.find_token_owner(token)


def forbid_storing(response: Response) -> Response:
    """Let no cache keep what a key may read. An ETag works all the same: clients send back the one they received."""
    if "owner" in g or request.path.startswith("/api/"):
        response.headers["Cache-Control"] = NOT_STORED
    return response


def mark_write(response: Response) -> Response:
    """Let no list of this workspace be read on a replica that lacks what the request has written."""
    if "owner" in g and request.method not in SAFE_METHODS:
        written.mark(owner().workspace_id)
    return response


def schedule_use_record(key_owner: Owner) -> Owner:
    """Record the key's last use after the response is sent, so that no client waits for it."""
    if key_owner.to_touch:
        after_this_request(lambda response: _record_on_close(response, key_owner.key_id))
    return key_owner


def _record_on_close(response: Response, key_id: int) -> Response:
    response.call_on_close(lambda: authentication.record_use(key_id))
    return response
