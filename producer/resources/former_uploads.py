"""Former uploads: the file of a job that failed as a whole, for another job that reads it in another way."""

import json
from collections.abc import Iterator
from typing import Any

from models.errors import Conflict
from models.jobs.jobs import Job
from models.states import JobKind, JobStatus
from producer.accept import Upload
from producer.intake import delimiters, upload_store
from producer.intake.layouts import CSV, NDJSON, Conversion, Layout

BLOCK_BYTES = 1 << 20
SHEET_START = b"PK\x03\x04"
SOURCES = (CSV, NDJSON)
DELIMITERS = ("comma", "semicolon", "tab", "pipe")
KEPT_OPTIONS = ("duplicates", "slugs", "scheme", "groups", "date_order", "webhook_url")


def can_be_read_again(job: Job) -> bool:
    """Whether a job read no row of a file that is still stored."""
    is_file = job.kind == JobKind.CREATE and job.source in SOURCES and bool(job.upload)
    return is_file and job.status == JobStatus.FAILED and job.cleared_at is None


def upload_again(job: Job) -> Upload:
    """Return the upload of another job with the same file."""
    _check(job)
    return Upload(job.source, job.source, _blocks(job.upload), filename=job.name or "")


def read_head(job: Job, size: int, sheet_size: int) -> tuple[bytes, bool]:
    """Return the beginning of the file, and whether it is all of it. The index of a spreadsheet is at its end."""
    _check(job)
    if upload_store.read(job.upload, 0, len(SHEET_START)) == SHEET_START:
        size = sheet_size
    head = upload_store.read(job.upload, 0, size + 1)
    return head[:size], len(head) <= size


def options_of(job: Job) -> dict[str, Any]:
    """Return the options of a job as texts, for a form."""
    options = {name: str(job.options.get(name) or "") for name in KEPT_OPTIONS}
    options["name"] = job.name or ""
    if job.options.get("mapping"):
        options["mapping"] = json.dumps(job.options["mapping"])
    options["domain"] = "" if job.is_default else str(job.domain_id)
    options["dry_run"] = "true" if job.dry_run else ""
    options["fetch_titles"] = "true" if job.options.get("fetch_titles") else ""
    if job.options.get("header") is not None:
        options["header"] = str(job.options["header"]).lower()
    layout = Layout.load(job.layout)
    if job.source == CSV and layout.conversion != Conversion.SHEET and not layout.sheet:
        options["delimiter"] = next(name for name in DELIMITERS if delimiters.NAMES[name] == layout.delimiter)
    for name, value in job.options.get("defaults", {}).items():
        options[name] = ", ".join(value) if isinstance(value, list) else str(value)
    return options


def _check(job: Job) -> None:
    if not can_be_read_again(job):
        raise Conflict("The file of this job cannot be read again. Choose the file itself.")


def _blocks(name: str) -> Iterator[bytes]:
    offset = 0
    while block := upload_store.read(name, offset, BLOCK_BYTES):
        yield block
        offset += len(block)
