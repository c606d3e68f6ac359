"""Pages of a job's items: those with a result, and the rows that an ended job left without one."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from models import states, store
from models.jobs import items, jobs, shards
from models.jobs.items import Item
from models.jobs.jobs import Job
from models.jobs.shards import Shard
from models.states import UPLOAD_KINDS, ItemStatus
from producer.intake import upload_store
from producer.intake.layouts import Layout
from producer.intake.reading import read_batch


def page(job: Job, statuses: Sequence[str], after: int, limit: int, error_code: str = "") -> list[Item]:
    """Reads the items behind an index.

    Without statuses, a job that has ended shows all its items, and one that runs only those with a result. With an
    error code, only the items that failed with it are read.
    """
    if error_code:
        statuses = (ItemStatus.FAILED,)
    if not statuses:
        statuses = tuple(ItemStatus) if job.has_ended else states.RESULT_STATUSES
    result_statuses = [status for status in statuses if status != ItemStatus.UNPROCESSED]
    results: list[Item] = []
    if result_statuses:
        with store.read() as db:
            results = items.page(db, job.id, job.domain_id, result_statuses, after, limit, error_code)
    if ItemStatus.UNPROCESSED not in statuses or not has_gaps(job):
        return results
    last = results[-1].at if len(results) == limit else None
    merged = results + _unprocessed_items(job, after, limit, last)
    return sorted(merged, key=lambda item: item.at)[:limit]


def has_gaps(job: Job) -> bool:
    """Whether some row may have no result."""
    return bool(job.kind in UPLOAD_KINDS and jobs.unprocessed_count(job) != 0)


def _unprocessed_items(job: Job, after: int, limit: int, last: int | None) -> list[Item]:
    """Rows without a result, in the shape of items. None behind `last`, where the page ends, are needed."""
    with store.read() as db:
        ranges = shards.unfinished_ranges(db, job.id, job.run, after + 1)
    unprocessed: list[Item] = []
    for shard in ranges:
        if len(unprocessed) >= limit or (last is not None and shard.first_index > last):
            break
        with store.read() as db:
            with_result = set(items.indexes(db, job.id, shard.first_index, shard.rows))
        for item in _items_of_rows(job, shard):
            if item.at > after and item.at not in with_result:
                unprocessed.append(item)
    return unprocessed[:limit]


def _items_of_rows(job: Job, shard: Shard) -> Iterator[Item]:
    data = upload_store.read(job.upload, shard.offset, shard.length)
    batch = read_batch(data, Layout.load(job.layout), shard.line, shard.skip, shard.rows)
    absent = [None] * batch.rows
    urls = batch.columns.get("url") or absent
    external_ids = batch.columns.get("external_id") or absent
    custom_ids = batch.columns.get("custom_id") or absent
    for place in range(batch.rows):
        ids = _text(external_ids[place]), _text(custom_ids[place])
        index = shard.first_index + place
        row = json.dumps({"url": urls[place]})
        status = ItemStatus.UNPROCESSED
        yield Item(index, batch.lines[place], status, None, None, None, *ids, row, None)


def _text(value: Any) -> str | None:
    """The value of a row that was not judged yet, if it is a text."""
    return value if isinstance(value, str) and value else None
