"""`/app/upload`: a file or pasted URLs become a job; before that, a preview of its first rows."""

import csv
import io
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Blueprint, Response, flash, request

from models import settings
from models.errors import EmptyUpload, LinkmillError, NoPreview, UnsupportedType
from models.links.url_index import Duplicates
from producer.accept import Upload, accept
from producer.fields import item_fields
from producer.intake import charsets
from producer.job_options import Options
from producer.preview import preview
from producer.resources import former_uploads
from producer.resources.jobs import find_job
from web import bodies, errors, idempotency, limits, sessions
from web.auth import owner
from web.dashboard import links
from web.dashboard.frame import forms, pages, phrases
from web.dashboard.frame.access import StalePage

TEXT_FIELD = "pasted"
AGAIN_FIELD = "again"
"""The id of a job that failed as a whole: its file is taken where no other is chosen."""
OPTION_FIELDS = (
    "name",
    "domain",
    "duplicates",
    "slugs",
    "mapping",
    "webhook_url",
    "dry_run",
    "fetch_titles",
    "delimiter",
    "encoding",
    "header",
    "sheet",
    "date_order",
    "scheme",
    "groups",
)
DEFAULT_FIELDS = ("slug", "tags", "group", "expires_at", *forms.UTM_FIELDS)
DELIMITER_NAMES = ("comma", "semicolon", "tab", "pipe")
DELIMITER_PLURALS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
TEMPLATE = (
    ("url", "slug", "title", "tags", "group", "expires_at", "max_clicks", "utm_source", "utm_campaign", "external_id"),
    ("https://example.com/", "", "An example", "one|two", "", "", "", "", "", ""),
)
PREVIEW_BYTES = 256 << 10
PREVIEW_SPREADSHEET_BYTES = 20 << 20  # the index of a spreadsheet is at its end, so it is previewed whole
FORM_BYTES = 2 << 20  # the fields beside the file
MOST_UNKNOWN_COLUMNS = 100

blueprint = Blueprint("upload", __name__, url_prefix="/upload")


@blueprint.get("")
def show_form() -> Response:
    """Show the form, filled in as it was for the job `again`, whose file is read once more."""
    former_job_id = request.args.get("again")
    if not former_job_id:
        return _render_form(200, {})
    job = find_job(owner(), former_job_id)
    if not former_uploads.can_be_read_again(job):
        return _render_form(200, {})
    return _render_form(200, former_uploads.options_of(job) | {"again": str(job.id)})


@blueprint.get("/template.csv")
def download_template() -> Response:
    out = io.StringIO()
    csv.writer(out).writerows(TEMPLATE)
    headers = {"Content-Disposition": 'attachment; filename="linkmill.csv"'}
    return Response(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


@blueprint.post("")
def create_job() -> Response:
    """Take an upload as the API does. A script receives the job's address, a browser is redirected to it."""
    fields: dict[str, str] = {}
    try:
        job_id = _accept_form(fields)
    except LinkmillError as error:
        return errors.add_advice(_render_form(errors.status_of(error), fields, error), error)
    flash(phrases.UPLOAD_ACCEPTED)
    is_script = sessions.TOKEN_HEADER in request.headers
    return Response(status=201 if is_script else 303, headers={"Location": f"/app/jobs/{job_id}"})


@blueprint.post("/preview")
def show_preview() -> Response:
    """Render a part of the page: the columns of a file, and what its first rows would become."""
    request.max_content_length = PREVIEW_SPREADSHEET_BYTES + FORM_BYTES
    try:
        head, is_whole, file_format, file_options = _read_head()
        result = preview(head, is_whole, file_format, owner(), read_options(request.form, file_options))
    except NoPreview as error:
        return pages.render("upload_preview", notice=str(error))
    except LinkmillError as error:
        return pages.render("upload_preview", faults=fault_sentences(error))
    columns = []
    for position, column in enumerate(result.columns):
        if column.field or position < MOST_UNKNOWN_COLUMNS:
            columns.append(column)
    return pages.render(
        "upload_preview",
        preview=result,
        columns=columns,
        fields=item_fields.NAMES,
        delimiters=DELIMITER_PLURALS,
        pattern=request.form.get("slug", "").strip(),
    )


def read_options(form: Mapping[str, str], file_options: Mapping[str, Any]) -> Options:
    """Read the options of a form as the API's options. They win over options that a JSON file has."""
    options = dict(file_options)
    for name in OPTION_FIELDS:
        text = form.get(name, "").strip()
        if text:
            options[name] = text
    if form.get("url_column"):  # the field of browsers without scripts, which show no preview to map columns in
        options["mapping"] = {"url": form["url_column"]}
    form_defaults = forms.read_fields(form, DEFAULT_FIELDS)
    if form_defaults:
        options["defaults"] = form_defaults
    return bodies.load_options(options)


def fault_sentences(error: LinkmillError) -> list[str]:
    """Return what is wrong with each field, or else with the upload as a whole."""
    faults = _faults_by_field(error)
    if not faults:
        return [str(error)]
    return [f"{name.replace('_', ' ')}: {message}" for name, message in faults.items()]


def _accept_form(fields: dict[str, str]) -> int:
    limits.spend_call(owner())
    if request.mimetype != sessions.FORM_WITH_FILES:
        raise UnsupportedType(phrases.WRONG_FORM_TYPE.format(media_type=sessions.FORM_WITH_FILES))
    with idempotency.hold_key() as hold:
        upload, file_options = _read_upload(fields)
        _check_csrf_token(fields)
        return accept(upload, owner(), lambda: read_options(fields, file_options), hold)


def _read_upload(fields: dict[str, str]) -> tuple[Upload, dict[str, Any]]:
    try:
        return bodies.read_form_file(request, fields, TEXT_FIELD)
    except EmptyUpload:
        if not fields.get(AGAIN_FIELD):
            raise
    return former_uploads.upload_again(find_job(owner(), fields[AGAIN_FIELD])), {}


def _check_csrf_token(fields: dict[str, str]) -> None:
    """The token is in a header, or in a field that stands before the file."""
    token = request.headers.get(sessions.TOKEN_HEADER) or fields.pop(sessions.TOKEN_FIELD, "")
    if not sessions.is_csrf_token(token):
        raise StalePage


class Head(NamedTuple):
    """The beginning of a file, whether it is all of it, its format, and the options in it."""

    data: bytes
    is_whole: bool
    format: str
    options: dict[str, Any]


def _read_head() -> Head:
    """Read the beginning of the file, of the pasted text, or of the file of a former job."""
    is_whole = request.form.get("whole") == "1"
    file = request.files.get("file")
    text = request.form.get(TEXT_FIELD, "")
    former_job_id = request.form.get(AGAIN_FIELD)
    if (file is None or not file.filename) and not text.strip() and former_job_id:
        job = find_job(owner(), former_job_id)
        head, is_whole = former_uploads.read_head(job, PREVIEW_BYTES, PREVIEW_SPREADSHEET_BYTES)
        return Head(head, is_whole, job.source, {})
    if file is None or not file.filename:
        head = text.encode()
        file_format = bodies.detect_format("", "", head)
    else:
        head = file.read()
        if not head:
            raise EmptyUpload(phrases.EMPTY_FILE)
        file_format = bodies.detect_format(file.filename, file.mimetype, head[:PREVIEW_BYTES])
    if file_format != bodies.JSON:
        return Head(head, is_whole, file_format, {})
    if not is_whole:
        raise NoPreview(phrases.LARGE_JSON)
    upload, file_options = bodies.json_file(head, "")
    return Head(b"".join(upload.chunks), is_whole, upload.format, file_options)


def _faults_by_field(error: LinkmillError) -> dict[str, str]:
    faults = getattr(error, "errors", [])
    return {fault["pointer"].rpartition("/")[2]: fault["message"] for fault in faults}


def _render_form(status: int, form: Mapping[str, str], error: LinkmillError | None = None) -> Response:
    return pages.render(
        "upload",
        status,
        form=form,
        faults=_faults_by_field(error) if error else {},
        fault_sentences=fault_sentences(error) if error else [],
        upload_limit=settings.get().max_upload_bytes,
        preview_bytes=PREVIEW_BYTES,
        preview_spreadsheet_bytes=PREVIEW_SPREADSHEET_BYTES,
        delimiters=DELIMITER_NAMES,
        encodings=charsets.NAMES,
        reuse=Duplicates.REUSE,
        **links.list_choices(),
    )
