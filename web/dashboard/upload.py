"""`/app/upload`: a file or pasted URLs become a job; before that, a look at what it would become."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from models import settings, store
from models.errors import EmptyUpload, LinkmillError, UnsupportedType
from models.links.url_index import Duplicates
from producer.accept import accept
from producer.fields import item_fields
from producer.intake import charsets
from producer.job_options import Options
from producer.preview import preview
from web import bodies, errors, idempotency, limits, sessions
from web.auth import owner
from web.dashboard import links
from web.dashboard.frame import door, forms, pages

PASTED = "pasted"
PLAIN = ("domain", "duplicates", "mapping", "webhook_url", "dry_run", "fetch_titles", "delimiter", "encoding", "header")
DEFAULTS = ("slug", "tags", "group", "expires_at", *forms.UTM)
DELIMITERS = ("comma", "semicolon", "tab", "pipe")
SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
TEMPLATE = (
    ("url", "slug", "title", "tags", "group", "expires_at", "max_clicks", "utm_source", "utm_campaign", "external_id"),
    ("https://example.com/", "", "An example", "one|two", "", "", "", "", "", ""),
)
HEAD_BYTES = 256 << 10
SHEET_BYTES = 20 << 20  # a spreadsheet is read from its end
FORM_BYTES = 2 << 20
LONGEST_NAME = 255  # of a file
MOST_COLUMNS = 100  # that are listed though nothing is known of them

blueprint = Blueprint("upload", __name__, url_prefix="/upload")


@blueprint.get("")
def form() -> Response:
    return _page(200, {})


@blueprint.get("/template.csv")
def template() -> Response:
    out = io.StringIO()
    csv.writer(out).writerows(TEMPLATE)
    headers = {"Content-Disposition": 'attachment; filename="linkmill.csv"'}
    return Response(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


@blueprint.post("")
def take() -> Response:
    """As the API takes it. A script of ours is told where the job is, everybody else led there."""
    fields: dict[str, str] = {}
    try:
        job_id = _accepted(fields)
    except LinkmillError as error:
        return errors.advised(_page(errors.status_of(error), fields, error), error)
    where = f"/app/jobs/{job_id}"
    by_script = sessions.TOKEN_HEADER in request.headers
    return Response(status=201 if by_script else 303, headers={"Location": where})


@blueprint.post("/preview")
def look() -> Response:
    """A part of a page: what is found in the first bytes, and what would become of the first rows."""
    request.max_content_length = SHEET_BYTES + FORM_BYTES
    try:
        head, format_ = _head()
        found = preview(head, request.form.get("whole") == "1", format_, owner(), options(request.form))
    except LinkmillError as error:
        return pages.page("upload_preview", fault=told(error))
    shown = [column for at, column in enumerate(found.columns) if at < MOST_COLUMNS or column.field]
    return pages.page("upload_preview", found=found, columns=shown, fields=item_fields.NAMES, signs=SIGNS)


def options(form: Mapping[str, str]) -> Options:
    """What is filled in, as the API's options."""
    given: dict[str, Any] = {name: form[name].strip() for name in PLAIN if form.get(name, "").strip()}
    if form.get("url_column"):  # where no script could show the columns
        given["mapping"] = {"url": form["url_column"]}
    if form.get("filename"):
        given["metadata"] = {"file": form["filename"][:LONGEST_NAME]}
    return bodies.load_options(given | {"defaults": forms.given(form, DEFAULTS)})


def told(error: LinkmillError) -> list[str]:
    """What is wrong, a sentence each: with a field, or else with the whole."""
    faults = _faults(error)
    return [f"{name.replace('_', ' ')}: {text}" for name, text in faults.items()] or [str(error)]


def _accepted(fields: dict[str, str]) -> int:
    limits.spend(owner())
    if request.mimetype != sessions.FILES:
        raise UnsupportedType(f"send the form as {sessions.FILES}")
    with idempotency.held() as held:
        upload = bodies.multipart(request, fields, PASTED)
        _check_token(fields)
        return accept(upload, owner(), lambda: options(fields), held)


def _check_token(fields: dict[str, str]) -> None:
    """The token comes as a header, or as a field that stands before the file."""
    if not sessions.is_token(request.headers.get(sessions.TOKEN_HEADER) or fields.pop(sessions.TOKEN_FIELD, "")):
        raise door.Stale


def _head() -> tuple[bytes, str]:
    """The bytes to look at: of a file, or what was pasted."""
    file = request.files.get("file")
    if file is None or not file.filename:
        text = request.form.get(PASTED, "").encode()
        return text, bodies.kind("", "", text)
    head = file.read()
    if not head:
        raise EmptyUpload("the file is empty")
    return head, bodies.kind(file.filename, file.mimetype, head[:HEAD_BYTES])


def _faults(error: LinkmillError) -> dict[str, str]:
    found = getattr(error, "errors", [])
    return {fault["pointer"].rpartition("/")[2]: fault["message"] for fault in found}


def _page(status: int, given: Mapping[str, str], error: LinkmillError | None = None) -> Response:
    with store.read() as db:
        names = links.choices(db)
    wrong = {"faults": _faults(error), "told": told(error)} if error else {"faults": {}, "told": []}
    shown = {
        "most": settings.get().max_upload_bytes,
        "head": HEAD_BYTES,
        "largest_sheet": SHEET_BYTES,
        "delimiters": DELIMITERS,
        "encodings": charsets.NAMES,
        "reuse": Duplicates.REUSE,
    }
    return pages.page("upload", status, given=given, **names, **wrong, **shown)
