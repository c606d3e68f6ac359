"""Results files: the upload's own rows beside the result of each, shard by shard, so that a million need no memory."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from models import store
from models.accounts import domains
from models.jobs import items, shards
from models.jobs.items import ItemResult
from models.jobs.jobs import Job
from models.jobs.shards import Shard
from models.states import ItemStatus, JobKind
from producer.documents import base_urls
from producer.documents.base_urls import BaseUrls
from producer.fields import item_fields
from producer.intake import upload_store
from producer.intake.csv_batch import client_cells
from producer.intake.formula_cells import FORMULA_STARTS, escape_formula
from producer.intake.headers import distinct_names
from producer.intake.layouts import CSV, RESULT_COLUMNS, UNDO, Layout
from producer.intake.reading import read_batch

MAY_NEED_ESCAPE = frozenset((*FORMULA_STARTS, "'"))
"""First characters of cells that escape_formula must see. A test of one character is quicker than the call."""

SHORT_URL = "short_url"
BLOCK_BYTES = 4 << 20
ResultCells = tuple[Any, ...]
"""The values of RESULT_COLUMNS."""


class ResultRows(NamedTuple):
    """Some rows as the client sent them, and the result of each."""

    rows: list[list[Any]]
    results: list[ResultCells]


def as_csv(job: Job, statuses: Sequence[str]) -> Iterator[bytes]:
    """Yields the results as CSV in which no cell can start a formula. No statuses means all."""
    names = client_columns(job)
    yield _csv([[*map(escape_formula, names), *_result_columns(names)]])
    has_text_cells = Layout.load(job.layout).format == CSV
    for rows, results in _result_rows(job, statuses, names):
        if not has_text_cells:
            rows = [list(map(_cell, row)) for row in rows]
        yield _csv([*_escaped(row), *result] for row, result in zip(rows, results, strict=True))


def as_ndjson(job: Job, statuses: Sequence[str]) -> Iterator[bytes]:
    """Yields the results as NDJSON. No statuses means all."""
    names = client_columns(job)
    for rows, results in _result_rows(job, statuses, names):
        lines = []
        for row, result in zip(rows, results, strict=True):
            lines.append(json.dumps(_json_object(names, row, result), ensure_ascii=False) + "\n")
        yield "".join(lines).encode(errors="replace")


def client_columns(job: Job) -> list[str]:
    """The names of the upload's own columns in the results."""
    layout = Layout.load(job.layout)
    if layout.format == UNDO:
        return []
    if layout.format == CSV:
        return distinct_names(layout.columns[: layout.client_columns])
    if _has_short_urls(job):
        return list(item_fields.NAMES)
    # Without this column in the upload, ours of the same name needs no prefix.
    return [name for name in item_fields.NAMES if name != SHORT_URL]


def _has_short_urls(job: Job) -> bool:
    """Whether some item of a JSON upload has the field."""
    mark = json.dumps(SHORT_URL).encode()
    offset = 0
    while block := upload_store.read(job.upload, offset, BLOCK_BYTES):
        if mark in block:
            return True
        if len(block) < BLOCK_BYTES:
            return False
        offset += BLOCK_BYTES - len(mark)  # the mark may be cut in two
    return False


def _result_rows(job: Job, statuses: Sequence[str], names: list[str]) -> Iterator[ResultRows]:
    with store.read() as db:
        ranges = shards.ranges(db, job.id)
    for shard in ranges:
        results = _item_results(job, shard)
        if statuses:
            results = [item for item in results if item.status in statuses]
        if not results:
            continue
        if job.kind == JobKind.UNDO:
            rows: list[list[Any]] = [[]] * len(results)
        else:
            rows = _client_rows(job, shard, names)
            if len(results) != len(rows):
                rows = [rows[item.at - shard.first_index] for item in results]
        starts = base_urls.read(job, results)
        yield ResultRows(rows, [_result_cells(item, starts) for item in results])


def _item_results(job: Job, shard: Shard) -> list[ItemResult]:
    """The results of a shard's items. Of an ended job, also the rows that have none."""
    with store.read() as db:
        results = items.in_range(db, job.id, shard.first_index, shard.rows)
    if len(results) == shard.rows or not job.has_ended or not job.upload:
        return results
    data = upload_store.read(job.upload, shard.offset, shard.length)
    lines = read_batch(data, Layout.load(job.layout), shard.line, shard.skip, shard.rows).lines
    by_index = {item.at: item for item in results}
    filled = []
    for index, line in enumerate(lines, shard.first_index):
        unprocessed = ItemResult(index, line, ItemStatus.UNPROCESSED, None, None, None)
        filled.append(by_index.get(index, unprocessed))
    return filled


def _client_rows(job: Job, shard: Shard, names: list[str]) -> list[list[Any]]:
    """The shard's rows as the client sent them, without their passwords."""
    layout = Layout.load(job.layout)
    data = upload_store.read(job.upload, shard.offset, shard.length)
    if layout.format == CSV:
        password = layout.mapping.get("password")
        cells = client_cells(data, layout, shard.skip, shard.rows)
        return [fit_row(row, len(names), password, layout.delimiter) for row in cells]
    batch = read_batch(data, layout, shard.line, shard.skip, shard.rows)
    absent = [None] * batch.rows
    columns = [batch.columns.get(name) or absent for name in names]
    columns[names.index("password")] = absent
    return list(map(list, zip(*columns, strict=True)))


def fit_row(row: list[str], width: int, password: int | None, delimiter: str = ",") -> list[str]:
    """The row at the header's width, its password left blank. In a malformed row that may stand in any cell."""
    if password is not None:
        if len(row) != width:
            return [""] * width
        return [*row[:password], "", *row[password + 1 :]]
    if len(row) == width:
        return row
    if len(row) < width:
        return row + [""] * (width - len(row))
    return [*row[: width - 1], delimiter.join(row[width - 1 :])]


def _result_cells(item: ItemResult, starts: BaseUrls) -> ResultCells:
    _, line, status, slug, code, message, domain_id = item
    if code is not None:
        return (line, status, None, None, code, escape_formula(message or ""))
    if slug is None:
        return (line, status, None, None, None, None)
    safe_slug = escape_formula(slug) if slug[0] in MAY_NEED_ESCAPE else slug
    start = starts.get(domain_id)
    short_url = domains.short_url(start, slug) if start else None
    return (line, status, short_url, safe_slug, None, None)


def _json_object(names: list[str], row: list[Any], result: ResultCells) -> dict[str, Any]:
    members = {name: value for name, value in zip(names, row, strict=True) if value not in (None, "")}
    return members | dict(zip(_result_columns(names), result, strict=True))


def _result_columns(names: Sequence[str]) -> list[str]:
    """The names of our columns, each with a prefix where the upload has a column of that name."""
    return [f"result_{name}" if name in names else name for name in RESULT_COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "|".join(map(str, value))
    return json.dumps(value)


def _escaped(row: list[str]) -> list[str]:
    return [escape_formula(cell) if cell[:1] in MAY_NEED_ESCAPE else cell for cell in row]


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(errors="replace")
