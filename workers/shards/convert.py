"""Turn: an upload that is not UTF-8 by lines becomes that, once, before it is cut."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from models import settings, store
from models.jobs import jobs, leases
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from producer.intake import charsets, upload_store
from producer.intake.detection import HEADER_LIMIT, FormatHints, detect_layout
from producer.intake.layouts import CSV, UTF8, Conversion, Layout
from producer.intake.xlsx import workbook

BLOCK = 4 << 20
KEEP_SECONDS = 2.0
GROWTH = 3  # bytes of UTF-8 that one byte may become


def turned(claim: Claim, job: Job) -> Job:
    """The job, with an upload that can be cut."""
    layout = Layout.load(job.layout)
    if not layout.conversion:
        return job
    name, made = _sheet(claim, job, layout) if layout.conversion == Conversion.SHEET else _text(claim, job, layout)
    try:
        with store.write() as db:
            leases.extend(db, claim)
            jobs.describe(db, job.id, made.dump(), name)
            described = jobs.get(db, job.id)
    except BaseException:
        upload_store.delete(name)
        raise
    upload_store.delete(job.upload)
    return described or job


def _text(claim: Claim, job: Job, layout: Layout) -> tuple[str, Layout]:
    chunks = charsets.convert(
        _blocks(job.upload, _alive(claim)), layout.encoding, layout.conversion == Conversion.LINES
    )
    name, _ = upload_store.save(chunks, GROWTH * settings.get().max_upload_bytes)
    return name, replace(layout, conversion=Conversion.NONE)


def _sheet(claim: Claim, job: Job, layout: Layout) -> tuple[str, Layout]:
    largest = settings.get().max_upload_bytes
    with upload_store.open_file(job.upload) as source, workbook.open_workbook(source, largest, _alive(claim)) as book:
        sheet = workbook.only_sheet(book)
        name, size = upload_store.save(workbook.as_csv(book, sheet), largest)
    try:
        head = upload_store.read(name, 0, min(size, HEADER_LIMIT))
        asked = FormatHints(",", UTF8, job.options.get("header"), url=not job.options.get("defaults", {}).get("url"))
        found = detect_layout(head, CSV, layout.shard_rows, job.options["mapping"], asked)
    except BaseException:
        upload_store.delete(name)
        raise
    return name, replace(found, sheet=sheet)


def _blocks(name: str, tick: Callable[[], None]) -> Iterator[bytes]:
    offset = 0
    while block := upload_store.read(name, offset, BLOCK):
        yield block
        offset += len(block)
        tick()


def _alive(claim: Claim) -> Callable[[], None]:
    """Called often, it keeps the lease, so that nobody else begins the same."""
    kept = time.monotonic()

    def tick() -> None:
        nonlocal kept
        if time.monotonic() - kept > KEEP_SECONDS:
            with store.write() as db:
                leases.extend(db, claim)
            kept = time.monotonic()

    return tick
