"""Who is asking: keys from the Authorization header, and what they may do."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import structlog
from flask import Response, after_this_request, g, request
from sqlalchemy.exc import SQLAlchemyError

from models import store
from models.accounts import keys
from models.accounts.keys import Owner
from models.errors import Forbidden, Unauthorized
from web import sessions

View = TypeVar("View", bound=Callable[..., Any])

TOUCH_SECONDS = 0.001  # what noting a use may wait for its turn to write

log = structlog.get_logger()


def needs(scope: str) -> Callable[[View], View]:
    """Lets a view be called only with a key that has this scope."""

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            g.owner = by_bearer_or_page()
            require(scope)
            return view(*args, **kwargs)

        return checked  # type: ignore[return-value]

    return wrap


def owner() -> Owner:
    found: Owner = g.owner
    return found


def require(scope: str) -> None:
    if scope not in owner().scopes:
        raise Forbidden(f"this key lacks the scope {scope!r}")


def by_bearer() -> Owner:
    return authenticate(_bearer())


def by_bearer_or_page() -> Owner:
    """The pages of the dashboard ask with their session; whoever sends a header means that."""
    if "Authorization" not in request.headers and (found := sessions.by_page()):
        return noted(found)
    return by_bearer()


def by_header(name: str) -> Owner:
    """The token as it is, in a header of its own."""
    return authenticate(request.headers.get(name, "").strip(), f"{name}: <token>")


def by_consumer(key: str, secret: str) -> Owner:
    """The pair that WordPress plugins know."""
    with store.read() as db:
        found = keys.by_consumer(db, key, secret) if key and secret else None
    if found is None:
        raise Unauthorized("no consumer key and secret, or not valid ones")
    return noted(found)


def authenticate(token: str, header: str = "Authorization: Bearer <token>") -> Owner:
    with store.read() as db:
        found = keys.by_token(db, token) if token else None
    if found is None:
        raise Unauthorized(f"no key, or one that is not valid: send {header}")
    return noted(found)


def noted(found: Owner) -> Owner:
    """Has the use of a key noted when the answer is out, so that nobody waits for it; another use does as well."""
    if found.to_touch:
        after_this_request(lambda response: _touching(response, found.key_id))
    return found


def _touching(response: Response, key_id: int) -> Response:
    response.call_on_close(lambda: _touch(key_id))
    return response


def _touch(key_id: int) -> None:
    try:
        with store.write(TOUCH_SECONDS) as db:
            keys.touch(db, key_id)
    except SQLAlchemyError as error:
        log.debug("use_not_noted", key_id=key_id, reason=error)


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
