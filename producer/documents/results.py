"""Results: the upload's own rows beside what became of them, shard by shard, so that a million rows need no memory."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from models import store
from models.accounts import domains
from models.jobs import items, shards
from models.jobs.items import ItemResult
from models.jobs.jobs import Job
from models.jobs.shards import Shard
from models.jobs.states import ItemStatus, JobKind
from producer.fields import item_fields
from producer.intake import upload_store
from producer.intake.csv_batch import client_cells
from producer.intake.formula_cells import FORMULA_STARTS
from producer.intake.headers import distinct_names
from producer.intake.layouts import CSV, RESULT_COLUMNS, UNDO, Layout
from producer.intake.reading import read_batch

RISKY = frozenset((*FORMULA_STARTS, "'"))


class Part(NamedTuple):
    """Some rows as they came, and what became of each."""

    own: list[list[Any]]
    ours: list[tuple[Any, ...]]


def as_csv(job: Job, statuses: Sequence[str]) -> Iterator[bytes]:
    """The results as a spreadsheet may open them: no cell can be taken for a formula."""
    names = own_columns(job)
    yield _csv([[*map(safe, names), *_ours(names)]])
    for part in _parts(job, statuses, names):
        own = part.own if Layout.load(job.layout).format == CSV else [list(map(_cell, row)) for row in part.own]
        yield _csv([[*_safe_row(row), *outcome] for row, outcome in zip(own, part.ours, strict=True)])


def as_ndjson(job: Job, statuses: Sequence[str]) -> Iterator[bytes]:
    names = own_columns(job)
    for part in _parts(job, statuses, names):
        rows = zip(part.own, part.ours, strict=True)
        text = "".join(json.dumps(_object(names, *row), ensure_ascii=False) + "\n" for row in rows)
        yield text.encode(errors="replace")


def own_columns(job: Job) -> list[str]:
    layout = Layout.load(job.layout)
    if layout.format == UNDO:
        return []
    return distinct_names(layout.columns[: layout.client_columns]) if layout.format == CSV else list(item_fields.NAMES)


def safe(text: str) -> str:
    """Behind an apostrophe a spreadsheet sees text. One that was there already gets another, so it can be undone."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def _safe_row(row: list[str]) -> list[str]:
    return [safe(cell) if cell[:1] in RISKY else cell for cell in row]


def _parts(job: Job, statuses: Sequence[str], names: list[str]) -> Iterator[Part]:
    with store.read() as db:
        ranges = shards.ranges(db, job.id)
    base = domains.short_url(domains.base_url(job.hostname, job.is_default), "")
    for shard in ranges:
        with store.read() as db:
            found = items.in_range(db, job.id, shard.first_index, shard.rows)
        if len(found) < shard.rows and job.has_ended and job.upload:
            found = _with_gaps(job, shard, found)
        wanted = [item for item in found if item.status in statuses] if statuses else found
        if wanted and job.kind == JobKind.UNDO:
            yield Part([[] for _ in wanted], [_outcome(item, base) for item in wanted])
        elif wanted:
            own = _own(job, shard, names)
            chosen = own if len(wanted) == len(own) else [own[item.at - shard.first_index] for item in wanted]
            yield Part(chosen, [_outcome(item, base) for item in wanted])


def _with_gaps(job: Job, shard: Shard, found: list[ItemResult]) -> list[ItemResult]:
    """The range's items, and in place of those that there are not, that they are unprocessed."""
    data = upload_store.read(job.upload, shard.offset, shard.length)
    lines = read_batch(data, Layout.load(job.layout), shard.line, shard.skip, shard.rows).lines
    known = {item.at: item for item in found}
    every = ((shard.first_index + place, line) for place, line in enumerate(lines))
    return [known.get(at) or ItemResult(at, line, ItemStatus.UNPROCESSED, None, None, None) for at, line in every]


def _own(job: Job, shard: Shard, names: list[str]) -> list[list[Any]]:
    """The shard's rows as they came, less their passwords."""
    layout = Layout.load(job.layout)
    data = upload_store.read(job.upload, shard.offset, shard.length)
    if layout.format == CSV:
        rows = client_cells(data, layout, shard.skip, shard.rows)
        return [_fitted(row, len(names), layout.mapping.get("password"), layout.delimiter) for row in rows]
    read = read_batch(data, layout, shard.line, shard.skip, shard.rows)
    columns = [read.columns.get(name) if name != "password" else None for name in names]
    nothing = [None] * read.rows
    return [list(row) for row in zip(*(column or nothing for column in columns), strict=True)]


def _fitted(row: list[str], width: int, password: int | None, delimiter: str = ",") -> list[str]:
    """The row at the header's width. In a malformed one a password may stand anywhere."""
    if len(row) == width:
        return row if password is None else [*row[:password], "", *row[password + 1 :]]
    if password is not None:
        return [""] * width
    if len(row) < width:
        return row + [""] * (width - len(row))
    return [*row[: width - 1], delimiter.join(row[width - 1 :])]


def _outcome(item: ItemResult, base: str) -> tuple[Any, ...]:
    _, line, status, slug, code, message = item
    if code is not None:
        return (line, status, None, None, code, safe(message or ""))
    if slug is None:
        return (line, status, None, None, None, None)
    return (line, status, base + slug, slug if slug[0] not in RISKY else safe(slug), None, None)


def _object(names: list[str], own: list[Any], ours: tuple[Any, ...]) -> dict[str, Any]:
    given = {name: value for name, value in zip(names, own, strict=True) if value not in (None, "")}
    return given | dict(zip(_ours(names), ours, strict=True))


def _ours(names: Sequence[str]) -> list[str]:
    return [f"result_{name}" if name in names else name for name in RESULT_COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "|".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def _csv(rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(errors="replace")
