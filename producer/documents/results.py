"""Results files: the upload's own rows beside the result of each, shard by shard, so that a million need no memory."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import msgspec

from models import store
from models.accounts import domains
from models.clicks import item_clicks
from models.clicks.item_clicks import ItemClicks
from models.jobs import items, shards
from models.jobs.items import ItemResult
from models.jobs.jobs import Job
from models.jobs.shards import Shard
from models.states import ItemStatus, JobKind
from producer.documents import base_urls
from producer.documents.base_urls import BaseUrls
from producer.documents.change_document import change_document
from producer.documents.csv_lines import MAY_NEED_ESCAPE, copy_lines, escape_cells, fitted_cells, write_lines
from producer.fields import change_fields, item_fields
from producer.intake import upload_store
from producer.intake.formula_cells import escape_formula
from producer.intake.headers import distinct_names
from producer.intake.layouts import CHANGES_COLUMN, CLICK_COLUMNS, CSV, OWN, RESULT_COLUMNS, UNDO, Layout, result_names
from producer.intake.reading import read_batch
from producer.rules.changes import OnExisting

T = TypeVar("T")

SHORT_URL = "short_url"
BLOCK_BYTES = 4 << 20
ResultCells = tuple[Any, ...]
"""The values of our columns."""
encoder = msgspec.json.Encoder()


class ResultQuery(NamedTuple):
    """Which rows and columns of the results to write."""

    statuses: Sequence[str] = ()
    """None means all."""
    shows_clicks: bool = False
    """Whether the click columns are there."""
    clicked: bool | None = None
    """Only rows whose link was clicked, or only those whose link never was."""
    columns: Sequence[str] = ()
    """OWN and the names of our columns. None means all."""

    @property
    def reads_clicks(self) -> bool:
        return self.shows_clicks or self.clicked is not None


class Part(NamedTuple):
    """The results of some rows of a shard."""

    shard: Shard
    items: list[ItemResult]
    base_urls: BaseUrls
    clicks: Mapping[int, ItemClicks]
    columns: list[str]
    """The names of our columns."""

    def pick(self, rows: list[T]) -> list[T]:
        """Of something for each row of the shard, that of these results."""
        if len(rows) == len(self.items):
            return rows
        first = self.shard.first_index
        return [rows[item.at - first] for item in self.items]

    def result_cells(self) -> Iterator[ResultCells]:
        if self.columns == list(RESULT_COLUMNS):
            return (_result_cells(item, self.base_urls) for item in self.items)
        return map(self._chosen_cells, self.items)

    def result_texts(self) -> Iterator[ResultCells]:
        """The same for CSV, which has changes as JSON."""
        if CHANGES_COLUMN not in self.columns:
            return self.result_cells()
        return (tuple(map(_cell, cells)) for cells in self.result_cells())

    def _chosen_cells(self, item: ItemResult) -> ResultCells:
        cells = dict(zip(RESULT_COLUMNS, _result_cells(item, self.base_urls), strict=True))
        if CHANGES_COLUMN in self.columns:
            cells[CHANGES_COLUMN] = change_document(item.changes)
        if item.slug is not None:
            cells |= zip(CLICK_COLUMNS, _click_cells(self.clicks.get(item.at)), strict=True)
        return tuple(cells.get(name) for name in self.columns)


def as_csv(job: Job, query: ResultQuery) -> Iterator[bytes]:
    """Yields the results as CSV in which no cell can start a formula."""
    names = _own_columns(job, query)
    columns = _chosen_columns(job, query)
    yield _encode(write_lines([[*escape_cells(names), *result_names(names, columns)]]))
    for part in _parts(job, query, columns):
        client_lines = _copy_lines(job, part.shard) if names and columns else None
        if client_lines is None:
            yield _encode(write_lines(_csv_rows(job, part, names)))
        else:
            result_lines = write_lines(part.result_texts())
            yield _encode(chain.from_iterable(zip(part.pick(client_lines), result_lines, strict=True)))


def _encode(texts: Iterable[str]) -> bytes:
    return "".join(texts).encode(errors="replace")


def _copy_lines(job: Job, shard: Shard) -> list[str] | None:
    layout = Layout.load(job.layout)
    if layout.format != CSV:
        return None
    return copy_lines(_read_upload(job, shard), layout, shard.skip, shard.rows)


def _csv_rows(job: Job, part: Part, names: list[str]) -> Iterator[list[Any]]:
    has_text_cells = Layout.load(job.layout).format == CSV
    rows = part.pick(_client_rows(job, part.shard, names))
    for row, result in zip(rows, part.result_texts(), strict=True):
        texts = row if has_text_cells else list(map(_cell, row))
        yield [*escape_cells(texts), *result]


def as_ndjson(job: Job, query: ResultQuery) -> Iterator[bytes]:
    """Yields the results as NDJSON."""
    names = _own_columns(job, query)
    columns = _chosen_columns(job, query)
    our_names = result_names(names, columns)
    shows_empty = Layout.load(job.layout).empty_clears
    for part in _parts(job, query, columns):
        lines = []
        for row, result in zip(part.pick(_client_rows(job, part.shard, names)), part.result_cells(), strict=True):
            members = _client_members(names, row, shows_empty)
            members.update(zip(our_names, result, strict=True))
            lines.append(_json_line(members))
        yield b"".join(lines)


def _client_members(names: Sequence[str], row: Sequence[Any], shows_empty: bool) -> dict[str, Any]:
    members = {}
    for name, value in zip(names, row, strict=True):
        if value not in (None, ""):
            members[name] = value
        elif shows_empty and value is not None:
            members[name] = None
    return members


def _json_line(members: dict[str, Any]) -> bytes:
    try:
        return encoder.encode(members) + b"\n"
    except UnicodeEncodeError:  # an unpaired surrogate
        return _encode((json.dumps(members, ensure_ascii=False), "\n"))


def client_columns(job: Job) -> list[str]:
    """The names of the upload's own columns in the results."""
    layout = Layout.load(job.layout)
    if layout.format == UNDO:
        return []
    if layout.format == CSV:
        return distinct_names(layout.columns[: layout.client_columns])
    if job.options.get("where") is not None:
        return ["id"]
    names = change_fields.NAMES if layout.changes else item_fields.NAMES
    if _has_short_urls(job):
        return list(names)
    # Without this column in the upload, ours of the same name needs no prefix.
    return [name for name in names if name != SHORT_URL]


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


def _parts(job: Job, query: ResultQuery, columns: list[str]) -> Iterator[Part]:
    with store.read() as db:
        ranges = shards.ranges(db, job.id)
    for shard in ranges:
        results = _item_results(job, shard)
        clicks: Mapping[int, ItemClicks] = {}
        if query.reads_clicks:
            with store.read() as db:
                clicks = item_clicks.in_range(db, job.id, job.domain_id, shard.first_index, shard.rows)
        results = _choose_rows(results, query, clicks)
        if results:
            yield Part(shard, results, base_urls.read(job, results), clicks, columns)


def _choose_rows(results: list[ItemResult], query: ResultQuery, clicks: Mapping[int, ItemClicks]) -> list[ItemResult]:
    if query.statuses:
        results = [item for item in results if item.status in query.statuses]
    if query.clicked is not None:
        results = [item for item in results if item.slug is not None and (item.at in clicks) == query.clicked]
    return results


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
    if not names:
        return [[]] * shard.rows
    layout = Layout.load(job.layout)
    data = _read_upload(job, shard)
    if layout.format == CSV:
        return fitted_cells(data, layout, shard.skip, shard.rows)
    batch = read_batch(data, layout, shard.line, shard.skip, shard.rows)
    absent = [None] * batch.rows
    columns = [batch.columns.get(name) or absent for name in names]
    if "password" in names:
        place = names.index("password")
        columns[place] = [_hide_password(value) for value in columns[place]]
    return list(map(list, zip(*columns, strict=True)))


def _hide_password(value: Any) -> str | None:
    """Hide a value, but not that there is an empty one, which removes a link's password."""
    return "" if value == "" else None


def _read_upload(job: Job, shard: Shard) -> bytes:
    return upload_store.read(job.upload, shard.offset, shard.length)


def _result_cells(item: ItemResult, starts: BaseUrls) -> ResultCells:
    _, line, status, slug, code, message, domain_id, _ = item
    if code is not None:
        return (line, status, None, None, code, escape_formula(message or ""))
    if slug is None:
        return (line, status, None, None, None, None)
    safe_slug = escape_formula(slug) if slug[0] in MAY_NEED_ESCAPE else slug
    start = starts.get(domain_id)
    short_url = domains.short_url(start, slug) if start else None
    return (line, status, short_url, safe_slug, None, None)


def _click_cells(clicks: ItemClicks | None) -> tuple[Any, ...]:
    if clicks is None:
        return (0, None, None)
    return (clicks.total, clicks.first_day.isoformat(), clicks.last_day.isoformat())


def _own_columns(job: Job, query: ResultQuery) -> list[str]:
    if query.columns and OWN not in query.columns:
        return []
    return client_columns(job)


def _chosen_columns(job: Job, query: ResultQuery) -> list[str]:
    """Our columns of the results of a job, in their order."""
    columns = list(RESULT_COLUMNS)
    if shows_changes(job):
        columns.append(CHANGES_COLUMN)
    if query.shows_clicks:
        columns += CLICK_COLUMNS
    if query.columns:
        return [name for name in columns if name in query.columns]
    return columns


def shows_changes(job: Job) -> bool:
    """Whether the results of a job have the column of changes."""
    return job.kind == JobKind.UPDATE or bool(job.options.get("on_existing") == OnExisting.UPDATE)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "|".join(map(str, value))
    return json.dumps(value)
