"""Reads the bytes of a shard into a batch."""

from collections.abc import Sequence
from dataclasses import replace

from producer.intake.batch import Batch
from producer.intake.csv_batch import read_csv
from producer.intake.layouts import COUNT, CSV, PREPARED, Layout
from producer.intake.ndjson_batch import read_ndjson


def read_batch(data: bytes, layout: Layout, line: int, skip: int, rows: int) -> Batch:
    """Reads `rows` rows after the first `skip`. `line`: the line of the upload on which the data begins."""
    if layout.format == COUNT:
        return _repeat(read_ndjson(data, 1, 0, 1), rows)
    if layout.format == CSV:
        return read_csv(data, layout, line, skip, rows)
    return read_ndjson(data, line, skip, rows, prepared=layout.format == PREPARED, changes=layout.changes)


def _repeat(single: Batch, rows: int) -> Batch:
    """The same row many times."""
    lines: Sequence[int] = [1] * rows
    columns = {name: values * rows for name, values in single.columns.items()}
    problems = dict.fromkeys(range(rows), single.problems[0]) if single.problems else {}
    return replace(single, rows=rows, lines=lines, columns=columns, problems=problems, raw=lambda _place: single.raw(0))
