"""accept: from an upload to a committed job. The one door for every vendor, every format, one link or ten million."""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from models import settings, store
from models.accounts import domains
from models.accounts.domains import Domain
from models.accounts.keys import Owner
from models.errors import EmptyUpload, Invalid, Unreadable, field_error
from models.ids import new_id
from models.jobs import jobs, shards
from models.jobs.states import JobKind, JobStatus, ShardKind, ShardState
from models.links import labels, slugs
from models.links.url_index import Duplicates
from producer import completion, idempotency, outside
from producer.idempotency import Hold
from producer.intake import delimiters, upload_store
from producer.intake.cutting import ShardRange, cut
from producer.intake.detection import HEADER_LIMIT, FormatHints, detect_layout
from producer.intake.layouts import COUNT, UTF8, Layout
from producer.rules import defaults
from producer.rules.judging import JudgingContext
from producer.signals import wakeups
from producer.unit_of_work import unit_of_work

CUT_AT_ONCE_BYTES = 512 << 10

log = structlog.get_logger()
OF_OUR_MAKING = FormatHints(encoding=UTF8)


@dataclass(frozen=True, slots=True)
class Upload:
    source: str
    """What the job says it came from: csv, json, ndjson, count or a vendor's name."""
    format: str
    chunks: Iterable[bytes]
    count: int = 0
    """How many rows one item stands for."""


@dataclass(frozen=True, slots=True)
class Options:
    domain: str | None = None
    mapping: dict[str, str | None] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    webhook_url: str | None = None
    fetch_titles: bool = False
    dry_run: bool = False
    duplicates: str = Duplicates.CREATE
    defaults: dict[str, Any] = field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    slug_length: int = slugs.SHORTEST
    """The shortest automatic slug."""

    def kept(self) -> dict[str, Any]:
        """What workers need to know of them."""
        return {
            "mapping": self.mapping,
            "webhook_url": self.webhook_url,
            "fetch_titles": self.fetch_titles,
            "header": self.header,
            "defaults": defaults.for_storage(self.defaults),
            "duplicates": self.duplicates,
            "slug_length": self.slug_length,
        }

    def of_file(self) -> FormatHints:
        """What they say of how a file is made."""
        sign = self.delimiter and delimiters.NAMES[self.delimiter]
        return FormatHints(sign, self.encoding, self.header, url=not self.defaults.get("url"))


Given = Callable[[], Options]
"""Options, once the upload was read: in a form they may stand behind the file."""


def accept(upload: Upload, owner: Owner, given: Given, held: Hold | None = None, awaited: bool = False) -> int:
    """Keeps the upload, commits its job, wakes a worker; returns the job's id. What fails leaves nothing behind.

    Under an idempotency key that has its job already nothing is kept, and it is that job. Where its sender waits for
    the end, that is what has to be on the disk before he is told; it takes with it all that was committed before.
    """
    limit, chunks = settings.get().max_upload_bytes, idempotency.heard(upload.chunks, held)
    if held and held.known:
        return _again(upload_store.limit_size(chunks, limit), upload, given, held)
    name, size = upload_store.save(chunks, limit)
    try:
        options = given()
        if options.webhook_url:
            outside.check(options.webhook_url, "webhook_url")
        job = _describe(upload, name, size, owner, options)
        if held:
            _conclude(held, upload, options)
        _commit(job, _shards(upload, name, size, job), held, awaited)
    except BaseException:
        upload_store.delete(name)
        raise
    if held:
        held.job_id = job["id"]
    log.info("job_accepted", job=str(job["id"]), source=upload.source, bytes=size, rows=job.get("total"))
    return int(job["id"])


def _again(chunks: Iterable[bytes], upload: Upload, given: Given, held: Hold) -> int:
    for _ in chunks:
        pass
    _conclude(held, upload, given())
    return idempotency.again(held)


def _conclude(held: Hold, upload: Upload, options: Options) -> None:
    idempotency.conclude(held, upload.source, upload.format, upload.count, asdict(options))


def _describe(upload: Upload, name: str, size: int, owner: Owner, options: Options) -> dict[str, Any]:
    domain = domain_of(owner, options)
    return {
        "id": new_id(),
        "workspace_id": owner.workspace_id,
        "domain_id": domain.id,
        "kind": JobKind.CREATE,
        "status": JobStatus.QUEUED,
        "source": upload.source,
        "dry_run": options.dry_run,
        "queue": wakeups.BULK,
        "upload": name,
        "layout": Layout(upload.format).dump(),
        "options": options.kept(),
        "metadata": options.metadata,
    } | _inspected(upload, name, size, options)


def domain_of(owner: Owner, options: Options) -> Domain:
    """The domain that is asked for; what rows lack is judged by what is known of it."""
    with store.read() as db:
        domain = domains.find(db, owner.workspace_id, options.domain)
        groups = labels.group_ids(db, owner.workspace_id) if options.defaults else {}
    if domain is None:
        field = field_error("Use the id or hostname of one of your domains.", "domain", code="UNKNOWN_DOMAIN")
        raise Invalid(f"no domain {options.domain!r} in this workspace", [field])
    if options.defaults:
        ours = frozenset((settings.get().authority, domain.hostname))
        defaults.check(options.defaults, JudgingContext(ours, groups, datetime.now(UTC)))
    return domain


def _inspected(upload: Upload, name: str, size: int, options: Options) -> dict[str, Any]:
    """How the upload is made; when nobody could read it, that is the job's end and its file's too."""
    head = upload_store.read(name, 0, min(size, HEADER_LIMIT))
    asked = options.of_file() if upload.source == upload.format else OF_OUR_MAKING
    try:
        return {"layout": detect_layout(head, upload.format, store.dialect().shard_rows, options.mapping, asked).dump()}
    except Unreadable as error:
        upload_store.delete(name)
        return {
            "status": JobStatus.FAILED,
            "detail": str(error),
            "finished_at": datetime.now(UTC),
            "started_at": datetime.now(UTC),
        }


def _shards(upload: Upload, name: str, size: int, job: dict[str, Any]) -> list[ShardRange] | None:
    """The shards of what is small enough to be cut right here; None: a worker cuts it."""
    if job["status"] == JobStatus.FAILED:
        return []
    layout = Layout.load(job["layout"])
    if layout.format == COUNT:
        return list(slices(upload.count, size, layout.shard_rows))
    if size > CUT_AT_ONCE_BYTES or layout.conversion:
        return None
    data = upload_store.read(name, 0, size)
    found = list(cut(lambda offset, length: data[offset : offset + length], layout))
    if not found:
        raise EmptyUpload("The upload has no rows.")
    return found


def slices(count: int, size: int, shard_rows: int) -> Iterable[ShardRange]:
    for first in range(0, count, shard_rows):
        yield ShardRange(first, 1, 0, size, min(shard_rows, count - first))


def shard_row(job: dict[str, Any], shard: ShardRange, kind: str = ShardKind.CREATE) -> dict[str, Any]:
    same = {"job_id": job["id"], "run": job.get("run", 1), "workspace_id": job["workspace_id"], "queue": job["queue"]}
    return same | shard._asdict() | {"kind": kind, "state": ShardState.QUEUED}


def _commit(job: dict[str, Any], found: list[ShardRange] | None, held: Hold | None, awaited: bool) -> None:
    """One transaction for the job and what is known of its shards."""
    if found is None:
        rows = [shard_row(job, ShardRange(shards.SPLIT_INDEX, 1, 0, 0, 0), ShardKind.SPLIT)]
    else:
        job["total"] = sum(shard.rows for shard in found) if found else None
        job["queue"] = wakeups.queue_for(job["total"] or 0)
        rows = [shard_row(job, shard) for shard in found]
    for row in rows[: wakeups.max_wake_ups()]:
        row |= {"sent_at": time.time(), "sends": 1}
    with unit_of_work() as unit:
        if awaited:
            store.dialect().make_light(unit.db)
        if held:
            idempotency.settle(unit.db, held, job["id"])
        jobs.add(unit.db, job)
        if rows:
            shards.add(unit.db, _alike(rows))
        failed = jobs.progress(unit.db, job["id"]) if job["status"] == JobStatus.FAILED else None
        if failed:
            completion.close(unit, failed)
        for row in rows[: wakeups.max_wake_ups()]:
            wake = wakeups.WakeUp(row["kind"], row["queue"], row["job_id"], row["first_index"], row["rows"])
            unit.wake([wake])


def _alike(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one statement have the same keys."""
    return [{"sent_at": None, "sends": 0} | row for row in rows]
