"""`/api/links/{id}`: one link, its clicks and its QR code."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Response, jsonify
from flask_smorest import Blueprint

from models import settings, store
from models.accounts import domains
from models.clicks import click_counts
from models.errors import Conflict, DuplicateKey, NotFound
from models.link_key import parse_link_id
from models.links import labels, links, listing, tagging, title_queue
from models.links.listing import LinkView
from models.store import Connection
from producer.documents import qr_codes, schemas
from producer.documents.link_document import link_documents, link_stats_document
from producer.link_changes import LinkChange, link_change
from producer.rules import item_errors
from producer.rules.judging import JudgingContext
from web.api.links import decoded, documented, taken_apart
from web.auth import needs, owner

blueprint = Blueprint("link", __name__, url_prefix="/api/links/<link_id>", description="A link")


@blueprint.route("")
@needs("read")
@blueprint.response(200, schemas.Link)
def one(link_id: str) -> Response:
    """A link."""
    with store.read() as db:
        return jsonify(link_documents(db, [find(db, link_id)])[0])


@blueprint.route("", methods=["PATCH"])
@needs("write")
@documented(schemas.LinkChange)
@blueprint.response(200, schemas.Link)
def change(link_id: str) -> Response:
    """Change what is named, by the rules that links are made by; null removes."""
    return jsonify(changed(link_id, decoded(taken_apart())))


@blueprint.route("", methods=["DELETE"])
@needs("write")
@blueprint.response(204)
def remove(link_id: str) -> Response:
    """Delete it, and what was counted of it. Its slug and external id are free again."""
    removed(link_id)
    return Response(status=204)


@blueprint.route("/stats")
@needs("read")
@blueprint.response(200, schemas.Stats)
def stats(link_id: str) -> Response:
    """Its clicks: by day for a year, and by referrer, device and country."""
    with store.read() as db:
        return jsonify(link_stats_document(click_counts.of_link(db, find(db, link_id).key)))


@blueprint.route("/qr.svg")
@needs("read")
@blueprint.arguments(schemas.QrQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type=qr_codes.SVG_TYPE)
def qr_svg(query: dict[str, Any], link_id: str) -> Response:
    """A QR code of the short URL, as SVG."""
    return Response(qr_codes.draw(_short_url(link_id), "svg", **query), content_type=qr_codes.SVG_TYPE)


@blueprint.route("/qr.png")
@needs("read")
@blueprint.arguments(schemas.QrQuery, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=qr_codes.PNG_TYPE)
def qr_png(query: dict[str, Any], link_id: str) -> Response:
    """A QR code of the short URL, as PNG."""
    return Response(qr_codes.draw(_short_url(link_id), "png", **query), content_type=qr_codes.PNG_TYPE)


def changed(link_id: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The link, with what is named changed; raises what is wrong with it."""
    with store.read() as db:
        link = find(db, link_id)
        known = _known(db, link)
    wanted = link_change(link, asked, known)
    try:
        with store.write() as db:
            _apply(db, link, wanted)
            return link_documents(db, [find(db, link_id)])[0]
    except DuplicateKey:
        raise _taken() from None


def removed(link_id: str) -> None:
    with store.write() as db:
        if not links.remove(db, find(db, link_id)):
            raise _unknown()


def find(db: Connection, link_id: str) -> LinkView:
    key = parse_link_id(link_id)
    link = listing.find(db, owner().workspace_id, key) if key else None
    if link is None:
        raise _unknown()
    return link


def _known(db: Connection, link: LinkView) -> JudgingContext:
    groups = labels.group_ids(db, link.workspace_id)
    return JudgingContext(frozenset((settings.get().authority, link.hostname)), groups, datetime.now(UTC))


def _apply(db: Connection, link: LinkView, wanted: LinkChange) -> None:
    if not links.change(db, link, wanted.values):
        raise _unknown()
    if wanted.tags is not None:
        tagging.replace(db, link.workspace_id, link.key, wanted.tags)
    if "title" in wanted.values:
        title_queue.remove(db, link.key)
    elif url := wanted.values.get("url"):
        title_queue.change_url(db, link.key, url, urlsplit(url).hostname or "")


def _short_url(link_id: str) -> str:
    with store.read() as db:
        link = find(db, link_id)
    return domains.short_url(domains.base_url(link.hostname, link.is_default), link.slug)


def _unknown() -> NotFound:
    return NotFound("there is no such link")


def _taken() -> Conflict:
    return item_errors.conflict(
        "external_id", "EXTERNAL_ID_TAKEN", "another link of this workspace has this external id"
    )
