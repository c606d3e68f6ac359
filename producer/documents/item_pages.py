"""Items as clients page through them: those with a result, and rows of a job that ended before they had one."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from models import store
from models.jobs import items, jobs, shards, states
from models.jobs.jobs import Job
from models.jobs.shards import Shard
from models.jobs.states import ItemStatus, JobKind
from producer.intake import upload_store
from producer.intake.layouts import Layout
from producer.intake.reading import read_batch


class Unprocessed(NamedTuple):
    """A row without a result, in the shape of an item."""

    at: int
    line: int
    input: str
    external_id: str | None
    status: str = ItemStatus.UNPROCESSED
    url: str | None = None
    slug: str | None = None
    error_code: str | None = None
    error_message: str | None = None


def page(job: Job, statuses: Sequence[str], after: int, limit: int) -> list[Any]:
    """The items behind an index. What is under way still is shown as unprocessed only when it is asked for."""
    asked = statuses or (tuple(ItemStatus) if job.has_ended else states.RESULT_STATUSES)
    with store.read() as db:
        settled = [name for name in asked if name != ItemStatus.UNPROCESSED]
        found: list[Any] = list(items.page(db, job.id, job.domain_id, settled, after, limit)) if settled else []
    if ItemStatus.UNPROCESSED not in asked or not has_gaps(job):
        return found
    last = found[-1].at if len(found) == limit else None
    return sorted([*found, *_gaps(job, after, limit, last)], key=lambda row: row.at)[:limit]


def has_gaps(job: Job) -> bool:
    """Whether some row may have no result."""
    return bool(job.kind == JobKind.CREATE and jobs.unprocessed_count(job) != 0)


def _gaps(job: Job, after: int, limit: int, last: int | None) -> list[Unprocessed]:
    found: list[Unprocessed] = []
    with store.read() as db:
        ranges = shards.unfinished_ranges(db, job.id, job.run, after + 1)
    for shard in ranges:
        if len(found) >= limit or (last is not None and shard.first_index > last):
            break
        with store.read() as db:
            settled = set(items.indexes(db, job.id, shard.first_index, shard.rows))
        found += [row for row in _unprocessed(job, shard) if row.at > after and row.at not in settled]
    return found[:limit]


def _unprocessed(job: Job, shard: Shard) -> Iterator[Unprocessed]:
    data = upload_store.read(job.upload, shard.offset, shard.length)
    read = read_batch(data, Layout.load(job.layout), shard.line, shard.skip, shard.rows)
    nothing = [None] * read.rows
    urls, ids = (read.columns.get(name) or nothing for name in ("url", "external_id"))
    for place in range(read.rows):
        name = ids[place] if isinstance(ids[place], str) else None
        yield Unprocessed(shard.first_index + place, read.lines[place], json.dumps({"url": urls[place]}), name or None)
