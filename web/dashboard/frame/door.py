"""Who is let in: whoever is signed in, to look with the scope `read`, to change with `write` and the form's token."""

from flask import Response, g, redirect, request, url_for

from models.errors import BadRequest, Unauthorized
from web import auth, sessions

OPEN = ("app.entry.sign_in", "app.files.one")
WITHOUT_SCOPE = ("app.entry.sign_out",)
LOOKS_ITSELF = "app.upload.take"
"""Its form has the token before a file that may be very large, and is read once."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Stale(BadRequest):
    """A form without the token of this session: its page is older than the session, or is none of ours."""

    code = "STALE_PAGE"

    def __init__(self) -> None:
        super().__init__("This page is older than your session; nothing was changed. Load it again, then repeat it.")


def let_in() -> Response | None:
    changes = request.method not in sessions.SAFE
    if request.endpoint not in OPEN:
        owner = sessions.owner()
        if owner is None:
            return _to_sign_in()
        g.owner = auth.noted(owner)
        sessions.renew()
    if changes and request.endpoint != LOOKS_ITSELF and not sessions.carries_token():
        raise Stale
    if request.endpoint not in (*OPEN, *WITHOUT_SCOPE):
        auth.require("write" if changes else "read")
    return None


def close(response: Response) -> Response:
    """What a browser may do with any page of ours."""
    response.headers |= HEADERS
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _to_sign_in() -> Response:
    if sessions.TOKEN_HEADER in request.headers:  # a script of ours, which would take the form for its answer
        raise Unauthorized("You are no longer signed in. Load the page again.")
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("app.entry.sign_in", to=wanted), 303)  # type: ignore[return-value]
