"""`/app/links`: make one, look for some, and change one or many."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from marshmallow import ValidationError

from models import cursors, store
from models.accounts import domains
from models.errors import Conflict, Invalid, NotFound
from models.links import labels, listing
from models.links.listing import LinkStatus
from models.store import Connection
from producer import link_filters
from producer.documents import link_csv, schemas
from producer.documents.link_document import link_documents
from web.api import link as one_link
from web.api import links as api
from web.auth import owner
from web.dashboard.frame import forms, pages

ROWS = 50
MOST_NAMES = 200  # that are offered to choose from
FILTERS = ("search", "tag", "group", "job", "status")
DONE = {"disable": "disabled", "enable": "enabled", "delete": "deleted"}

blueprint = Blueprint("links", __name__)


@blueprint.get("/links")
def listed() -> Response:
    return _page(200)


@blueprint.post("/links")
def make() -> Response:
    """Through the same road as a million."""
    given = forms.given(request.form, (*forms.LINK, "slug", "domain"))
    try:
        body, new = api.made(forms.parts(given))
    except (Invalid, Conflict) as error:
        return _page(422, given=request.form, faults=forms.faults(error))
    flash(f"{body['short_url']} is made." if new else f"{body['short_url']} was there already.")
    return pages.go("app.link.one", link_id=body["id"])


@blueprint.get("/links.csv")
def as_csv() -> Response:
    """All that the filter shows."""
    query, wrong = _query()
    if wrong:
        raise Invalid(wrong)
    with store.read() as db:
        link_filter = link_filters.from_query(db, owner().workspace_id, query)
    headers = {"Content-Disposition": 'attachment; filename="links.csv"'}
    rows = link_csv.stream(owner().workspace_id, link_filter)
    return Response(rows, content_type="text/csv; charset=utf-8", headers=headers)


@blueprint.post("/links/many")
def many() -> Response:
    """Does the same to each that is ticked; deleting is asked about once more."""
    action, ids = request.form.get("action", ""), _ticked()
    if action not in DONE or not ids:
        flash("Tick the links first." if not ids else "There is no such thing to do.", "bad")
        return _back()
    if action == "delete" and "sure" not in request.form:
        return _ask(ids)
    done = sum(_do(action, link_id) for link_id in ids)
    flash(f"{done:,} link{'' if done == 1 else 's'} {DONE[action]}.")
    return _back()


def _page(status: int, given: Any = None, faults: Any = None) -> Response:
    query, wrong = _query()
    after = cursors.decode_position(request.args.get("cursor", ""))
    with store.read() as db:
        link_filter = link_filters.from_query(db, owner().workspace_id, query)
        rows = [] if wrong else listing.page(db, owner().workspace_id, link_filter, after, ROWS + 1)
        found = link_documents(db, rows[:ROWS])
        names = choices(db)
    more = cursors.encode_position(rows[ROWS - 1].position) if len(rows) > ROWS else None
    shown = {"links": found, "chosen": query, "more": more, "further": after is not None, "wrong": wrong}
    return pages.page(
        "links", status, given=given or {}, faults=faults or {}, statuses=list(LinkStatus), **shown, **names
    )


def choices(db: Connection) -> dict[str, Any]:
    """The names that there are to choose from."""
    mine = owner().workspace_id
    return {
        "domains": domains.page(db, mine, 0, MOST_NAMES),
        "groups": labels.page(db, labels.GROUPS, mine, 0, MOST_NAMES),
        "tags": labels.page(db, labels.TAGS, mine, 0, MOST_NAMES),
    }


def _query() -> tuple[dict[str, str], str]:
    """The filter that stands in the address, and what is wrong with it."""
    given = {name: request.args[name].strip() for name in FILTERS if request.args.get(name, "").strip()}
    try:
        query = schemas.LinksQuery().load(given)
    except ValidationError as error:
        return {}, "; ".join(f"{name}: {text}" for name, text in forms.broken(error).items())
    query.pop("limit")
    return query, ""


def _ticked() -> list[str]:
    """The links' ids: each its own field, or all in one when they come back from being asked about."""
    return list(dict.fromkeys([*request.form.getlist("link"), *request.form.get("links", "").split()]))[:ROWS]


def _do(action: str, link_id: str) -> bool:
    """Whether it was done: somebody else may have deleted the link meanwhile."""
    try:
        if action == "delete":
            one_link.removed(link_id)
        else:
            one_link.changed(link_id, {"disabled": action == "disable"})
    except NotFound:
        return False
    return True


def _ask(ids: list[str]) -> Response:
    number = f"{len(ids):,} link{'' if len(ids) == 1 else 's'}"
    text = "They lead nowhere any more, and what was counted of them is gone. Their slugs are free again."
    carried = {"action": "delete", "sure": "yes", "links": " ".join(ids), "query": request.form.get("query", "")}
    asked = {"heading": f"Delete {number}?", "text": text, "button": f"Delete {number}"}
    return pages.page("confirm", carried=carried, back=_address(), **asked)


def _back() -> Response:
    return redirect(_address(), 303)  # type: ignore[return-value]


def _address() -> str:
    """The list again, as it was filtered."""
    query = request.form.get("query", "")
    return url_for(".listed") + (f"?{query}" if query.isascii() and query.isprintable() and query else "")
