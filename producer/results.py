"""Results: the upload's own rows beside what became of them, shard by shard, so that a million rows need no memory."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from models import domains, items, shards, store
from models.jobs import Job
from producer import batch, uploads
from producer.formats import CSV, DANGEROUS, FIELDS, OUR_COLUMNS, Layout


class Row(NamedTuple):
    own: Sequence[Any]
    ours: tuple[Any, ...]


def as_csv(job: Job, statuses: Sequence[str]) -> Iterator[bytes]:
    """The results as a spreadsheet may open them: no cell can be taken for a formula."""
    names = own_columns(job)
    yield _csv([[*map(safe, names), *_ours(names)]])
    for rows in _shards(job, statuses, names):
        yield _csv([[*map(safe, map(_cell, row.own)), *map(safe, map(_cell, row.ours))] for row in rows])


def as_ndjson(job: Job, statuses: Sequence[str]) -> Iterator[bytes]:
    names = own_columns(job)
    for rows in _shards(job, statuses, names):
        text = "".join(json.dumps(_object(names, row), ensure_ascii=False) + "\n" for row in rows)
        yield text.encode(errors="replace")


def own_columns(job: Job) -> list[str]:
    layout = Layout.load(job.layout)
    return layout.columns[: layout.own] if layout.format == CSV else list(FIELDS)


def safe(text: str) -> str:
    """Behind an apostrophe a spreadsheet sees text. One that was there already gets another, so it can be undone."""
    return f"'{text}" if text.lstrip("'").startswith(DANGEROUS) else text


def _shards(job: Job, statuses: Sequence[str], names: list[str]) -> Iterator[list[Row]]:
    with store.read() as db:
        ranges = shards.ranges(db, job.id, job.run)
    base = domains.base_url(job.hostname, job.is_default)
    for shard in ranges:
        with store.read() as db:
            found = items.between(db, job.id, shard.first_index, shard.rows)
        wanted = [item for item in found if not statuses or item.status in statuses]
        if wanted:
            own = _own(job, shard, names)
            yield [Row(own[item.at - shard.first_index], _outcome(item, base)) for item in wanted]


def _own(job: Job, shard: Any, names: list[str]) -> list[list[Any]]:
    """The shard's rows as they came, less their passwords."""
    layout = Layout.load(job.layout)
    data = uploads.read(job.upload, shard.offset, shard.length)
    if layout.format == CSV:
        rows = batch.csv_cells(data, layout, shard.skip, shard.rows)
        return [_fitted(row, len(names), layout.mapping.get("password")) for row in rows]
    read = batch.read(data, layout, shard.line, shard.skip, shard.rows)
    columns = [read.columns.get(name) if name != "password" else None for name in names]
    nothing = [None] * read.rows
    return [list(row) for row in zip(*(column or nothing for column in columns), strict=True)]


def _fitted(row: list[str], width: int, password: int | None) -> list[str]:
    """The row at the header's width. In a malformed one a password may stand anywhere."""
    if len(row) == width:
        return row if password is None else [*row[:password], "", *row[password + 1 :]]
    if password is not None:
        return [""] * width
    if len(row) < width:
        return row + [""] * (width - len(row))
    return [*row[: width - 1], ",".join(row[width - 1 :])]


def _outcome(item: Any, base: str) -> tuple[Any, ...]:
    short = domains.short_url(base, item.slug) if item.slug else None
    return (item.line, item.status, short, item.slug, item.error_code, item.error_message)


def _object(names: list[str], row: Row) -> dict[str, Any]:
    own = {name: value for name, value in zip(names, row.own, strict=True) if value not in (None, "")}
    return own | dict(zip(_ours(names), row.ours, strict=True))


def _ours(names: Sequence[str]) -> list[str]:
    return [f"result_{name}" if name in names else name for name in OUR_COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "|".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(errors="replace")
