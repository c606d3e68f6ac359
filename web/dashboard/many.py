"""`/app/links/many`: changes of many links. A dry run comes first, then a job changes them."""

import json
from typing import Any

from flask import Blueprint, Response, flash, request

from models.errors import Conflict, Invalid
from models.jobs.jobs import Job
from models.states import ItemStatus
from producer.documents import schemas
from producer.documents.schemas.links import MOST_ZIPPED
from producer.job_options import JobAction
from producer.resources import jobs, link_jobs, links
from producer.resources.link_jobs import LinkChange
from web import limits
from web.api.results import ZIP
from web.auth import owner
from web.dashboard.frame import forms, pages, phrases
from web.dashboard.links import list_choices
from web.dashboard.selection import Selection, read_selection

WAIT_SECONDS = 2.0
EXAMPLES = 10
SIMPLE_CHANGES = {
    "disable": LinkChange(JobAction.UPDATE, {"disabled": True}),
    "enable": LinkChange(JobAction.UPDATE, {"disabled": False}),
    "delete": LinkChange(JobAction.DELETE),
}
DOWNLOADS = {"export": ".export_links", "qr": ".draw_codes"}
CHANGE_FIELDS = ("add_tags", "remove_tags", "group", "expires_at")

blueprint = Blueprint("many", __name__, url_prefix="/links/many")


@blueprint.post("")
def choose() -> Response:
    """Take the selection of the list, and go where its button leads."""
    selection = read_selection(request.form, request.form.getlist("link"))
    action = request.form.get("action", "")
    if selection.is_empty:
        flash(phrases.NO_LINKS, "bad")
        return pages.go_to_url(selection.list_url)
    if action == "edit":
        return pages.go_to(".edit", **selection.fields)
    if action in DOWNLOADS:
        return pages.go_to(DOWNLOADS[action], **selection.fields)
    if action not in SIMPLE_CHANGES:
        flash(phrases.NO_ACTION, "bad")
        return pages.go_to_url(selection.list_url)
    return _start_dry_run(selection, SIMPLE_CHANGES[action])


@blueprint.route("/edit", methods=["GET", "POST"])
def edit() -> Response:
    """Ask for tags, group and expiry."""
    selection = read_selection(request.values, [])
    if request.method == "GET":
        return _render_form(200, selection)
    fields = _read_fields()
    if not fields:
        return _render_form(422, selection, {"": phrases.NO_CHANGES})
    try:
        return _start_dry_run(selection, LinkChange(JobAction.UPDATE, fields))
    except (Invalid, Conflict) as error:
        faults = {fault["pointer"].rpartition("/")[2]: fault["message"] for fault in error.errors}
        return _render_form(422, selection, faults or {"": str(error)})


@blueprint.get("/review")
def review() -> Response:
    """Say what the dry run has found, and ask whether it may become true."""
    selection = read_selection(request.args, [])
    change = _read_change(request.args.get("change", ""))
    job = link_jobs.wait_for_job(owner(), request.args.get("job", ""), WAIT_SECONDS)
    count = job.updated + job.deleted
    return pages.render(
        "many_review",
        selection=selection,
        change=_write_change(change),
        sentence=describe(change, count),
        steps=describe_fields(change),
        is_deletion=change.action == JobAction.DELETE,
        count=count,
        job=jobs.describe_job(job),
        open=not job.has_ended,
        error_texts=phrases.ERROR_TEXTS,
        examples=_read_examples(job),
    )


@blueprint.post("/start")
def start() -> Response:
    """Start the job whose dry run was shown."""
    limits.spend_call(owner())
    selection = read_selection(request.form, [])
    change = _read_change(request.form.get("change", ""))
    job_id = link_jobs.start_change(owner(), selection.links, change, describe(change), dry_run=False)
    flash(phrases.CHANGE_STARTED)
    return pages.go_to("app.job.show_job", job_id=job_id)


@blueprint.get("/links.csv")
def export_links() -> Response:
    rows = links.export_links(owner(), read_selection(request.args, []).filter)
    headers = {"Content-Disposition": 'attachment; filename="links.csv"'}
    return Response(rows, content_type="text/csv; charset=utf-8", headers=headers)


@blueprint.get("/qr.zip")
def draw_codes() -> Response:
    """Draw the QR codes of the selected links, of the newest ones where they are too many for a file."""
    style = schemas.QrQuerySchema().load({})
    codes = links.draw_codes(owner(), read_selection(request.args, []).filter, MOST_ZIPPED, **style)
    headers = {"Content-Disposition": 'attachment; filename="qr-codes.zip"'}
    return Response(codes, content_type=ZIP, headers=headers)


def describe(change: LinkChange, count: int | None = None) -> str:
    """Say in a few words what is done: «Disable 3 links»."""
    what = "links" if count is None else count_links(count)
    for name, simple_change in SIMPLE_CHANGES.items():
        if change == simple_change:
            return phrases.CHANGE_VERBS[name].format(links=what)
    return phrases.OTHER_CHANGES.format(links=what)


def count_links(number: int) -> str:
    return "1 link" if number == 1 else f"{number:,} links"


def describe_fields(change: LinkChange) -> list[str]:
    """Say of each field what becomes of it."""
    steps = []
    for name, value in change.fields.items():
        if name == "disabled":
            steps.append(phrases.LINKS_DISABLED if value else phrases.LINKS_ENABLED)
        elif value is None:
            steps.append(phrases.REMOVALS[name])
        else:
            text = ", ".join(value) if isinstance(value, list) else str(value).replace("T", ", ")
            steps.append(phrases.STEPS[name].format(text))
    return steps


def _start_dry_run(selection: Selection, change: LinkChange) -> Response:
    limits.spend_call(owner())
    name = phrases.PREVIEW_NAME.format(change=describe(change))
    job_id = link_jobs.start_change(owner(), selection.links, change, name, dry_run=True)
    return pages.go_to(".review", job=job_id, change=_write_change(change), **selection.fields)


def _read_fields() -> dict[str, Any]:
    """Read the form: what is empty stays as it is, a checked box removes a value."""
    fields = forms.read_fields(request.form, CHANGE_FIELDS)
    for name in phrases.REMOVALS:
        if f"no_{name}" in request.form:
            fields[name] = None
    return fields


def _render_form(status: int, selection: Selection, faults: dict[str, str] | None = None) -> Response:
    return pages.render(
        "many_edit", status, selection=selection, form=request.form, faults=faults or {}, **list_choices()
    )


def _write_change(change: LinkChange) -> str:
    return json.dumps({"action": str(change.action), "fields": dict(change.fields)})


def _read_change(text: str) -> LinkChange:
    """Read what a page carries. The rules of jobs check the values."""
    try:
        values = json.loads(text)
        change = LinkChange(JobAction(values["action"]), dict(values["fields"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Invalid(phrases.UNREADABLE_CHANGE) from None
    if change.action == JobAction.CREATE or not set(change.fields) <= {"disabled", *CHANGE_FIELDS}:
        raise Invalid(phrases.OTHER_CHANGE)
    return change


def _read_examples(job: Job) -> list[dict[str, Any]]:
    """Return the first links that would change."""
    if not job.has_ended or job.cleared_at is not None:
        return []
    return jobs.list_items(job, [ItemStatus.UPDATED, ItemStatus.DELETED], -1, EXAMPLES).items
