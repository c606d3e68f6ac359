"""Access to the dashboard: every page needs a session, a change needs the scope `write` and the CSRF token."""

from flask import Response, g, redirect, request, url_for

from models.accounts.keys import Scope
from models.errors import BadRequest, Unauthorized
from web import auth, sessions
from web.dashboard.frame import phrases

PUBLIC_ENDPOINTS = ("app.sign_in.sign_in", "app.assets.send_asset")
ENDPOINTS_WITHOUT_SCOPE = ("app.sign_in.sign_out",)
# Checks the token itself: its form is read once, and has the token before a file that may be very large.
ENDPOINT_WITH_OWN_CHECK = "app.upload.create_job"
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


class StalePage(BadRequest):
    """A form without this session's token: its page is older than the session, or from another site."""

    code = "STALE_PAGE"

    def __init__(self) -> None:
        super().__init__(phrases.STALE_PAGE)


def check() -> Response | None:
    """Let a request pass, or lead it to the sign-in page; raise when its token or scope is missing."""
    is_public = request.endpoint in PUBLIC_ENDPOINTS
    is_change = request.method not in sessions.SAFE_METHODS
    if not is_public:
        owner = sessions.find_owner()
        if owner is None:
            return _lead_to_sign_in()
        g.owner = auth.schedule_use_record(owner)
        sessions.renew()
    if is_change and request.endpoint != ENDPOINT_WITH_OWN_CHECK and not sessions.request_has_csrf_token():
        raise StalePage
    if not is_public and request.endpoint not in ENDPOINTS_WITHOUT_SCOPE:
        auth.require_scope(Scope.WRITE if is_change else Scope.READ)
    return None


def add_headers(response: Response) -> Response:
    """Tell the browser what our pages never do, so that an injected script could not do it either."""
    response.headers |= HEADERS
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _lead_to_sign_in() -> Response:
    if sessions.TOKEN_HEADER in request.headers:  # one of our scripts, which would take the form for its answer
        raise Unauthorized(phrases.SIGNED_OUT_MEANWHILE)
    next_path = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("app.sign_in.sign_in", to=next_path), 303)  # type: ignore[return-value]
