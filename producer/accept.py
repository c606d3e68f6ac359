"""Accept: from an upload to a committed job. Every vendor, every format, one link and ten million come through here."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog

from models import settings, store
from models.accounts.domains import Domain
from models.accounts.keys import Owner
from models.errors import EmptyUpload, Invalid, field_error
from models.ids import new_id
from models.jobs import dispatch, jobs, shards
from models.states import JobStatus, ShardKind, ShardState
from models.store import Connection
from producer import change_options, idempotency, outside
from producer.fields.item_rules import CONTROL
from producer.idempotency import Hold
from producer.intake import upload_store
from producer.intake.cutting import ShardRange
from producer.intake.detection import HEADER_LIMIT, FormatHints, detect_layout
from producer.intake.layouts import COUNT, CSV, QUERY, UTF8, Conversion, Layout
from producer.intake.xlsx import patience, workbook
from producer.job_options import LONGEST_NAME, Options, choose_domain, judging_context
from producer.rules.keys import KeyRules
from producer.rules.order import KeyWatch, cut_in_order, in_order
from producer.signals import wakeups
from producer.unit_of_work import UnitOfWork, unit_of_work

CUT_AT_ONCE_BYTES = 512 << 10  # a smaller upload is cut into shards right here, a larger one by a worker
MOST_WAITING = 16  # small jobs of a workspace; the next ones are left to the bulk workers, out of the way of others
OWN_FORMAT = FormatHints(encoding=UTF8)  # of an upload that we wrote ourselves, from a JSON body

NO_SHEETS = "Only a workbook has sheets. This upload is not a workbook."

log = structlog.get_logger()

OptionsReader = Callable[[], Options]
"""Returns the options once the upload is read: in a form they may stand behind the file."""


@dataclass(frozen=True, slots=True)
class Upload:
    source: str
    """What the job says it came from: csv, json, ndjson, count or a vendor's name."""
    format: str
    chunks: Iterable[bytes]
    count: int = 0
    """How many rows one item stands for."""
    filename: str = ""


def query_upload(source: str = QUERY) -> Upload:
    """The upload of a job whose option `where` says which links it changes: a worker writes their ids down."""
    return Upload(source, QUERY, [b"where\n"])


def accept(upload: Upload, owner: Owner, read_options: OptionsReader, hold: Hold | None = None) -> int:
    """Store the upload, commit its job and wake workers; return the job's id. A failure leaves nothing behind.

    `hold`: the request's idempotency key. When the key has made a job before, nothing is stored, and that job's id is
    returned.
    """
    limit = settings.get().max_upload_bytes
    chunks = idempotency.hash_chunks(upload.chunks, hold)
    if hold and hold.record:
        return _replay(upload, upload_store.limit_size(chunks, limit), read_options, hold)
    name, size = upload_store.save(chunks, limit)
    try:
        options = read_options()
        change_options.check(options, owner, upload.format)
        if options.webhook_url:
            outside.check(options.webhook_url, "webhook_url")
        domain = choose_domain(owner, options)
        job = _describe(upload, name, size, owner, domain, options)
        if hold:
            _conclude(hold, upload, options)
        rules = KeyRules(Layout.load(job["layout"]), job["options"], judging_context(domain, {}, job["options"]))
        ranges = _cut_small(upload, name, size, rules)
    except BaseException:
        upload_store.delete(name)
        raise
    try:
        _commit(job, ranges, hold)
    except BaseException:
        # The answer to a commit can be lost, and then the job exists all the same and needs its upload.
        if not _may_exist(job["id"]):
            upload_store.delete(name)
        raise
    if hold:
        hold.job_id = job["id"]
    log.info("job_accepted", job=str(job["id"]), source=upload.source, bytes=size, rows=job.get("total"))
    return int(job["id"])


def _replay(upload: Upload, chunks: Iterable[bytes], read_options: OptionsReader, hold: Hold) -> int:
    """Read a request that was sent before to its end, and return the job that it made."""
    for _ in chunks:
        pass
    _conclude(hold, upload, read_options())
    return idempotency.replay(hold)


def _conclude(hold: Hold, upload: Upload, options: Options) -> None:
    contents = asdict(options)
    del contents["name"]  # a file that was renamed is still the same file
    idempotency.set_fingerprint(hold, upload.source, upload.format, upload.count, contents)


def _describe(upload: Upload, name: str, size: int, owner: Owner, domain: Domain, options: Options) -> dict[str, Any]:
    """The row of the new job."""
    return {
        "id": new_id(),
        "workspace_id": owner.workspace_id,
        "domain_id": domain.id,
        "name": options.name or _job_name(upload.filename),
        "kind": str(options.action),
        "status": JobStatus.QUEUED,
        "source": upload.source,
        "dry_run": options.dry_run,
        "queue": wakeups.BULK,
        "upload": name,
        "layout": _detect(upload, name, size, options).dump(),
        "options": options.for_workers(),
        "metadata": options.metadata,
    }


def _job_name(filename: str) -> str | None:
    """The name of a file, without the folder that some clients send, and without what no database can store."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return CONTROL.sub("", name).encode(errors="replace").decode()[:LONGEST_NAME] or None


def _detect(upload: Upload, name: str, size: int, options: Options) -> Layout:
    """The layout of the upload. Raises Unreadable when its first bytes show that no row can be read."""
    head = upload_store.read(name, 0, min(size, HEADER_LIMIT))
    hints = options.format_hints() if upload.source == upload.format else OWN_FORMAT
    hints = hints._replace(changes=options.changes_links)
    layout = detect_layout(head, upload.format, store.dialect().shard_rows, options.mapping, hints)
    if layout.conversion == Conversion.SHEET:
        return replace(layout, sheet=_check_sheet(name, size, options))
    if options.sheet:
        raise Invalid(NO_SHEETS, [field_error(NO_SHEETS, "sheet")])
    return layout


def _check_sheet(name: str, size: int, options: Options) -> str:
    """The sheet that the rows come from, or an empty text when it takes a worker to find out."""
    limit = settings.get().max_upload_bytes
    try:
        with upload_store.open_file(name) as source, workbook.open_workbook(source, limit, patience.limited()) as book:
            sheet = workbook.choose_sheet(book, options.sheet)
            if size <= CUT_AT_ONCE_BYTES:
                head = workbook.read_head(book, sheet, HEADER_LIMIT)
                detect_layout(head, CSV, 0, options.mapping, options.sheet_hints(book.since_1904))
    except patience.TooSlow:
        return options.sheet
    return sheet


def _cut_small(upload: Upload, name: str, size: int, rules: KeyRules) -> list[ShardRange] | None:
    """The shards of an upload that is small enough to be cut right here; None when a worker has to cut it."""
    layout = rules.layout
    if layout.format != COUNT and (size > CUT_AT_ONCE_BYTES or layout.conversion):
        return None
    data = upload_store.read(name, 0, size)
    ranges = list(_cut(data, upload.count, rules))
    if not ranges:
        raise EmptyUpload("The upload has no rows.")
    return ranges


def _cut(data: bytes, count: int, rules: KeyRules) -> Iterator[ShardRange]:
    def read(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    if rules.layout.format != COUNT:
        return cut_in_order(read, rules)
    watch = KeyWatch(read, rules)
    watch.read(0, len(data))
    return in_order(_count_ranges(count, len(data), rules.layout.shard_rows), watch)


def _count_ranges(count: int, size: int, shard_rows: int) -> Iterator[ShardRange]:
    """Ranges of one item that stands for many rows."""
    for first in range(0, count, shard_rows):
        yield ShardRange(first, 1, 0, size, min(shard_rows, count - first))


def _commit(job: dict[str, Any], ranges: list[ShardRange] | None, hold: Hold | None) -> None:
    """One transaction for the job and its first shards."""
    with unit_of_work() as unit:
        if ranges is None:
            rows = [shard_row(job, ShardRange(shards.SPLIT_INDEX, 1, 0, 0, 0), ShardKind.SPLIT)]
        else:
            job["total"] = sum(shard.rows for shard in ranges) or None
            job["queue"] = _choose_queue(unit.db, job)
            rows = [shard_row(job, shard, job["kind"]) for shard in ranges]
        if hold:
            idempotency.assign(unit.db, hold, job["id"])
        jobs.add(unit.db, job)
        _add_shards(unit, rows)


def _choose_queue(db: Connection, job: dict[str, Any]) -> str:
    """The queue for a small job is that of those who wait, unless many jobs of its workspace wait there already."""
    queue = wakeups.queue_for(job["total"] or 0)
    if queue == wakeups.INTERACTIVE and dispatch.has_backlog(db, job["workspace_id"], queue, MOST_WAITING):
        return wakeups.BULK
    return queue


def _may_exist(job_id: int) -> bool:
    """Return whether a job was committed. A database that cannot be asked may have it."""
    try:
        with store.read() as db:
            return jobs.get(db, job_id) is not None
    except Exception:
        return True


def _add_shards(unit: UnitOfWork, rows: list[dict[str, Any]]) -> None:
    """Add shards, and wake workers for the first of them.

    They are added as sent already, which saves the statement that would mark them.
    """
    sent_count = wakeups.max_wake_ups()
    now = time.time()
    for place, row in enumerate(rows):
        is_sent = place < sent_count and row["after_index"] is None
        row["sent_at"] = now if is_sent else None
        row["sends"] = int(is_sent)
    shards.add(unit.db, rows)
    for row in rows:
        if row["sends"]:
            unit.wake([wakeups.WakeUp(row["kind"], row["queue"], row["job_id"], row["first_index"], row["rows"])])


def shard_row(job: dict[str, Any], shard: ShardRange, kind: str) -> dict[str, Any]:
    """The row of a new shard."""
    shared = {
        "job_id": job["id"],
        "run": job.get("run", 1),
        "workspace_id": job["workspace_id"],
        "queue": job["queue"],
        "kind": kind,
        "state": ShardState.QUEUED,
    }
    return shared | shard._asdict()
