"""Short links: from a slug to where it leads."""

from datetime import UTC, datetime
from wsgiref.types import WSGIEnvironment

from flask import Blueprint, Response, request
from werkzeug.datastructures import Headers

from models import domains, links, store
from models.errors import Gone, NotFound
from models.links import Link
from producer.rules import SLUG

HEADERS = {"Content-Length": "0", "Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer-when-downgrade"}

blueprint = Blueprint("redirect", __name__)


class Redirect(Response):
    """Leads to the URL to the letter: Werkzeug would quote anew what browsers do not."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        return self.headers


@blueprint.get("/<slug>")
def follow(slug: str) -> Response:
    link = _find(slug) if SLUG.fullmatch(slug) else None
    if link is None:
        raise NotFound("there is no such short link")
    _refuse_ended(link)
    return Redirect(status=302, headers=HEADERS | {"Location": link.url})


def _find(slug: str) -> Link | None:
    with store.read() as db:
        return links.get(db, domains.by_host(db, request.host).id, slug)


def _refuse_ended(link: Link) -> None:
    if link.expires_at is not None and link.expires_at <= datetime.now(UTC):
        raise Gone("this short link has expired")
    if link.max_clicks is not None or link.password_hash is not None:
        raise NotFound("links with a click limit or a password do not redirect yet")
