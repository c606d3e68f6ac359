"""Short links: redirect from a slug to its URL."""

from datetime import UTC, datetime
from threading import BoundedSemaphore
from wsgiref.types import WSGIEnvironment

from flask import Blueprint, Response, current_app, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import MethodNotAllowed

from models import store
from models.accounts import domains
from models.clicks import click_limits
from models.errors import Gone, LinkmillError, NotFound, Unavailable
from models.link_key import LinkName
from models.links import passwords
from models.links.lookup import Target
from producer.fields import wide_slugs
from producer.signals import throttling
from producer.visits import click_buffer, link_cache, visitor
from producer.visits.visitor import VisitorKind
from web.visitors import hosts, texts, visitor_pages

HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer-when-downgrade",
    "X-Robots-Tag": "noindex",
}
LARGEST_FORM = 1 << 13
CONCURRENT_PASSWORD_CHECKS = 4  # each takes 19 MiB and 27 ms of a core
PASSWORD_CHECK_SECONDS = 1.0

blueprint = Blueprint("redirect", __name__, template_folder="../pages")
password_checks = BoundedSemaphore(CONCURRENT_PASSWORD_CHECKS)


@blueprint.get("/<slug:slug>")
def follow_link(slug: str) -> Response:
    if slug.endswith("+"):
        return _preview(slug[:-1])
    target = _find_open_target(slug)
    if target.password_hash is not None:
        return visitor_pages.ask_password()
    return _redirect(target, 302)


@blueprint.post("/<slug:slug>")
def unlock_link(slug: str) -> Response:
    request.max_content_length = LARGEST_FORM
    _refuse_other_paths()
    target = _find_open_target(slug)
    if target.password_hash is not None and not _password_fits(target, target.password_hash):
        return visitor_pages.ask_password(wrong=True)
    return _redirect(target, 303)


@blueprint.errorhandler(LinkmillError)
def answer_error(error: LinkmillError) -> Response:
    return visitor_pages.answer_error(error)


@blueprint.after_request
def add_headers(response: Response) -> Response:
    response.headers |= HEADERS
    return response


def _preview(slug: str) -> Response:
    target = _find_target(wide_slugs.read(slug), request.environ)
    if target is None or target.disabled_at or target.password_hash or has_expired(target) or _is_used_up(target):
        raise _unknown()
    domain = hosts.domain_of(request.environ.get("HTTP_HOST", ""))
    base = domains.base_url(domain.hostname, domain.is_default)
    return visitor_pages.preview(domains.short_url(base, target.slug), target.url, target.title)


def _refuse_other_paths() -> None:
    """Answer 405 for another route of ours: this one takes every POST with a path that no route begins."""
    if hosts.is_custom(request.environ.get("HTTP_HOST", "")):
        return
    routes = current_app.create_url_adapter(request)
    assert routes
    if routes.match(method="GET")[0] != f"{blueprint.name}.{follow_link.__name__}":
        raise MethodNotAllowed([method for method in routes.allowed_methods() if method != "POST"])


def _find_open_target(slug: str) -> Target:
    """Find a link that may be followed; whether a link without a password is used up is seen when it is counted."""
    target = _find_target(wide_slugs.read(slug), request.environ)
    if target is None or target.disabled_at is not None:
        raise _unknown()
    if has_expired(target):
        raise Gone(texts.get("expired"))
    if target.password_hash is not None and _is_used_up(target):
        raise Gone(texts.get("used_up"))
    return target


def _find_target(slug: str | None, environ: WSGIEnvironment) -> Target | None:
    if slug is None:
        return None
    return link_cache.cache.find(name_of(slug, environ))


def name_of(slug: str, environ: WSGIEnvironment) -> LinkName:
    domain = hosts.domain_of(environ.get("HTTP_HOST", ""))
    if not domain.case_sensitive:
        slug = wide_slugs.spell(slug, case_sensitive=False)
    return domain.id, slug


def has_expired(target: Target) -> bool:
    return target.expires_at is not None and target.expires_at <= datetime.now(UTC)


def _is_used_up(target: Target) -> bool:
    if target.max_clicks is None:
        return False
    with store.read() as db:
        return click_limits.count(db, target.key) >= target.max_clicks


def _password_fits(target: Target, password_hash: str) -> bool:
    """Check the password of the form.

    Few are checked at a time, so that a client that sends many cannot take all memory and threads. An attempt is
    counted only when its check starts: many right passwords at once must not look like a series of failures. The form
    is read before, since its sender may take as long as they like.
    """
    password = request.form.get("password", "")
    if not password_checks.acquire(timeout=PASSWORD_CHECK_SECONDS):
        raise Unavailable("Too many passwords are being checked. Try again.")
    try:
        attempt = throttling.begin_password_attempt(target, request.remote_addr or "")
        fits = passwords.verify(password, password_hash)
    finally:
        password_checks.release()
    if fits:
        throttling.forgive(attempt)
    return fits


def _redirect(target: Target, status: int) -> Response:
    kind = classify(request.environ)
    if target.max_clicks is not None:
        if request.method == "HEAD" or kind.bot:
            return _describe(target, kind)
        _take_use(target, target.max_clicks)
    if request.method != "HEAD":
        click_buffer.buffer.count(target, kind)
    return ExactRedirect(status=status, headers={"Content-Length": "0", "Location": target.url})


def _describe(target: Target, kind: VisitorKind) -> Response:
    """Answer who does not follow a limited link, such as the bot of a messenger, with its title: that costs no use."""
    if _is_used_up(target):
        raise Gone(texts.get("used_up"))
    if request.method != "HEAD":
        click_buffer.buffer.count(target, kind)
    return visitor_pages.describe(target.title)


def _take_use(target: Target, limit: int) -> None:
    with store.write() as db:
        if not click_limits.take(db, target.key, limit):
            raise Gone(texts.get("used_up"))


class ExactRedirect(Response):
    """A redirect to exactly this URL. Werkzeug would quote some characters that browsers do not."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        return self.headers


def classify(environ: WSGIEnvironment) -> VisitorKind:
    agent = environ.get("HTTP_USER_AGENT", "")
    referrer = environ.get("HTTP_REFERER", "")
    return visitor.classify(agent, referrer, environ.get("REMOTE_ADDR", ""))


def _unknown() -> NotFound:
    return NotFound(texts.get("unknown"))
