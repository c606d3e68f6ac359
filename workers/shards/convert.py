"""Convert: an upload that is not UTF-8 by lines, or only a query, becomes that, once, before it is cut."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from models import settings, store
from models.jobs import jobs, leases
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.states import JobKind
from producer.intake import charsets, upload_store
from producer.intake.detection import HEADER_LIMIT, FormatHints, detect_layout
from producer.intake.layouts import CSV, UTF8, Conversion, Layout
from producer.intake.xlsx import workbook
from workers.shards.changes import query

BLOCK_BYTES = 4 << 20
KEEP_SECONDS = 2.0
GROWTH = 3  # bytes of UTF-8 that one byte may become


def convert(claim: Claim, job: Job) -> Job:
    """Return the job with an upload that can be cut."""
    layout = Layout.load(job.layout)
    if not layout.conversion:
        return job
    keep_lease = _lease_keeper(claim)
    if layout.conversion == Conversion.QUERY:
        name, new_layout = query.write_ids(job, layout, keep_lease)
    elif layout.conversion == Conversion.SHEET:
        name, new_layout = _convert_sheet(job, layout, keep_lease)
    else:
        name, new_layout = _convert_text(job, layout, keep_lease)
    try:
        with store.write() as db:
            leases.extend(db, claim)
            jobs.describe(db, job.id, new_layout.dump(), name)
            converted_job = jobs.get(db, job.id)
    except BaseException:
        # The answer to a commit can be lost, and then it was done all the same.
        if not _may_need(job.id, name):
            upload_store.delete(name)
        raise
    upload_store.delete(job.upload)
    return converted_job or job


def _may_need(job_id: int, name: str) -> bool:
    """Return whether a job has this upload now. A database that cannot be asked may say so later."""
    try:
        with store.read() as db:
            job = jobs.get(db, job_id)
    except Exception:
        return True
    return job is not None and job.upload == name


def _lease_keeper(claim: Claim) -> Callable[[], None]:
    """A function to call often, which renews the lease now and then, so that no other worker begins the same."""
    renewed_at = time.monotonic()

    def keep_lease() -> None:
        nonlocal renewed_at
        if time.monotonic() - renewed_at > KEEP_SECONDS:
            with store.write() as db:
                leases.extend(db, claim)
            renewed_at = time.monotonic()

    return keep_lease


def _convert_text(job: Job, layout: Layout, keep_lease: Callable[[], None]) -> tuple[str, Layout]:
    blocks = _blocks(job.upload, keep_lease)
    chunks = charsets.convert(blocks, layout.encoding, layout.conversion == Conversion.LINES)
    name, _ = upload_store.save(chunks, GROWTH * settings.get().max_upload_bytes)
    return name, replace(layout, conversion=Conversion.NONE)


def _blocks(name: str, keep_lease: Callable[[], None]) -> Iterator[bytes]:
    offset = 0
    while block := upload_store.read(name, offset, BLOCK_BYTES):
        yield block
        offset += len(block)
        keep_lease()


def _convert_sheet(job: Job, layout: Layout, keep_lease: Callable[[], None]) -> tuple[str, Layout]:
    limit = settings.get().max_upload_bytes
    with upload_store.open_file(job.upload) as source, workbook.open_workbook(source, limit, keep_lease) as book:
        sheet = workbook.choose_sheet(book, layout.sheet)
        name, size = upload_store.save(workbook.as_csv(book, sheet), limit)
    try:
        head = upload_store.read(name, 0, min(size, HEADER_LIMIT))
        hints = _sheet_hints(job, book.since_1904)
        new_layout = detect_layout(head, CSV, layout.shard_rows, job.options["mapping"], hints)
    except BaseException:
        upload_store.delete(name)
        raise
    return name, replace(new_layout, sheet=sheet)


def _sheet_hints(job: Job, since_1904: bool) -> FormatHints:
    """What the options of a job say about a sheet that has become CSV."""
    options = job.options
    return FormatHints(
        ",",
        UTF8,
        options.get("header"),
        changes=job.kind != JobKind.CREATE,
        url=not options.get("defaults", {}).get("url"),
        scheme=options.get("scheme", ""),
        date_order=options.get("date_order"),
        day_numbers=not since_1904,
    )
