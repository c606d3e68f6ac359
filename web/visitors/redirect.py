"""Short links: from a slug to where it leads."""

from collections.abc import Iterable
from datetime import UTC, datetime
from threading import BoundedSemaphore
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import Headers
from werkzeug.exceptions import MethodNotAllowed

from models import store
from models.accounts import domains
from models.clicks import click_limits
from models.errors import Gone, LinkmillError, NotFound, Unavailable
from models.links import lookup, passwords
from models.links.lookup import Target
from producer.fields.item_rules import SLUG
from producer.signals import throttling
from producer.visits import click_buffer, visitor
from web.visitors import hosts, texts, visitor_pages

HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer-when-downgrade",
    "X-Robots-Tag": "noindex",
}
UNCONDITIONAL = (None, None, None)  # a target's limit, password and end by hand
LARGEST_FORM = 1 << 13
CHECKS = 4  # passwords looked at at the same time: each takes 19 MiB and 27 ms of a core
CHECK_SECONDS = 1.0

blueprint = Blueprint("redirect", __name__, template_folder="../pages")
checks = BoundedSemaphore(CHECKS)


class Shortcut:
    """Stands before Flask, which takes longer than all the rest: a plain link is followed without it."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = _plain(environ) if environ["REQUEST_METHOD"] == "GET" else None
        if target is None:
            return self.app(environ, start_response)
        _count(target, environ)
        start_response("302 FOUND", [*HEADERS.items(), ("Content-Length", "0"), ("Location", target.url)])
        return []


class Redirect(Response):
    """Leads to the URL to the letter: Werkzeug would quote anew what browsers do not."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        return self.headers


@blueprint.get("/<slug>")
def visit(slug: str) -> Response:
    if slug.endswith("+"):
        return _preview(slug[:-1])
    target = _open(slug)
    return _lead_on(target, 302) if target.password_hash is None else visitor_pages.password()


@blueprint.post("/<slug>")
def unlock(slug: str) -> Response:
    request.max_content_length = LARGEST_FORM
    _leave_to_others()
    target = _open(slug)
    if target.password_hash is not None and not _fits(target, target.password_hash):
        return visitor_pages.password(wrong=True)
    return _lead_on(target, 303)


@blueprint.errorhandler(LinkmillError)
def refuse(error: LinkmillError) -> Response:
    return visitor_pages.refused(error)


@blueprint.after_request
def keep_out(response: Response) -> Response:
    response.headers |= HEADERS
    return response


def _preview(slug: str) -> Response:
    target = _find(slug, request.environ)
    if target is None or target.disabled_at or target.password_hash or _expired(target) or _used_up(target):
        raise _unknown()
    domain = hosts.of(request.environ.get("HTTP_HOST", ""))
    base = domains.base_url(domain.hostname, domain.is_default)
    return visitor_pages.preview(domains.short_url(base, slug), target.url, target.title)


def _leave_to_others() -> None:
    """A path of ours that takes no POST is no short link all the same."""
    if hosts.custom(request.environ.get("HTTP_HOST", "")):
        return
    paths = current_app.create_url_adapter(request)
    assert paths
    if paths.match(method="GET")[0] != f"{blueprint.name}.{visit.__name__}":
        raise MethodNotAllowed([method for method in paths.allowed_methods() if method != "POST"])


def _open(slug: str) -> Target:
    target = _find(slug, request.environ)
    if target is None or target.disabled_at is not None:
        raise _unknown()
    if _expired(target):
        raise Gone(texts.of("expired"))
    if target.password_hash is not None and _used_up(target):
        raise Gone(texts.of("used_up"))
    return target


def _lead_on(target: Target, status: int) -> Response:
    if target.max_clicks is not None:
        with store.write() as db:
            if not click_limits.take(db, target.key, target.max_clicks):
                raise Gone(texts.of("used_up"))
    if target.max_clicks is not None or request.method != "HEAD":
        _count(target, request.environ)
    return Redirect(status=status, headers={"Content-Length": "0", "Location": target.url})


def _plain(environ: WSGIEnvironment) -> Target | None:
    """A link without conditions; what goes wrong on the way is left for Flask to tell."""
    try:
        target = _find(environ["PATH_INFO"][1:], environ)
    except SQLAlchemyError:
        return None
    plain = target is not None and target[-3:] == UNCONDITIONAL and not _expired(target)
    return target if plain else None


def _find(slug: str, environ: WSGIEnvironment) -> Target | None:
    return lookup.find(hosts.of(environ.get("HTTP_HOST", "")).id, slug) if SLUG.fullmatch(slug) else None


def _expired(target: Target) -> bool:
    return target.expires_at is not None and target.expires_at <= datetime.now(UTC)


def _used_up(target: Target) -> bool:
    if target.max_clicks is None:
        return False
    with store.read() as db:
        return click_limits.count(db, target.key) >= target.max_clicks


def _fits(target: Target, kept: str) -> bool:
    """Few at a time: whoever sends many passwords must not take the memory and the threads of everybody else.

    An attempt begins only when it is its turn: many right passwords at once are no row of failures.
    """
    if not checks.acquire(timeout=CHECK_SECONDS):
        raise Unavailable("too many passwords are being checked; try again")
    try:
        attempt = throttling.begin_password_attempt(target, request.remote_addr or "")
        fits = passwords.verify(request.form.get("password", ""), kept)
    finally:
        checks.release()
    if fits:
        throttling.forgive(attempt)
    return fits


def _count(target: Target, environ: WSGIEnvironment) -> None:
    agent, referrer = environ.get("HTTP_USER_AGENT", ""), environ.get("HTTP_REFERER", "")
    click_buffer.buffer.count(target, visitor.classify(agent, referrer, environ.get("REMOTE_ADDR", "")))


def _unknown() -> NotFound:
    return NotFound(texts.of("unknown"))
