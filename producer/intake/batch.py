"""A shard's bytes as columns: one list a field, since work in columns is several times faster than work in rows."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import numpy as np

from producer.fields.item_fields import NAMES
from producer.intake.csv_records import never_closed, records
from producer.intake.formats import COUNT, CSV, OUR_COLUMNS, PREPARED, REFUSED, Layout, from_json, undone

SHOWN = 300  # characters of an unreadable row that its item keeps
decoder = msgspec.json.Decoder()


class ItemProblem(NamedTuple):
    """Why an item fails: a value, not an exception, since its neighbours go on."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    rows: int
    lines: Sequence[int]
    columns: dict[str, list[Any]]
    """By item field; None or "" where a row lacks it."""
    problems: dict[int, ItemProblem]
    """Rows that could not be read, by their place in the batch."""
    raw: Callable[[int], dict[str, Any]]
    """A row as it came."""
    typed: bool = False
    """Whether values have types of their own, as in JSON."""
    clean: bool = False
    """Whether there is no control character in any value."""


def read(data: bytes, layout: Layout, line: int, skip: int, rows: int) -> Batch:
    if layout.format == COUNT:
        return _repeated(data, rows)
    if layout.format == CSV:
        return _plain_csv(data, layout, line, skip, rows) or _any_csv(data, layout, line, skip, rows)
    return _ndjson(data, line, skip, rows, layout.format == PREPARED)


def csv_cells(data: bytes, layout: Layout, skip: int, rows: int) -> list[list[str]]:
    """The client's own cells of a CSV shard as they came; of a row that could not be read its text, as one cell."""
    width = len(layout.columns)
    cells = [row if len(row) == width else _trimmed(row, width) for row in _cells(data, layout, skip, rows)]
    if layout.own == width:
        return cells
    sign = layout.delimiter
    return [[undone(cell) for cell in row[: layout.own]] if len(row) == width else [sign.join(row)] for row in cells]


def _cells(data: bytes, layout: Layout, skip: int, rows: int) -> list[list[str]]:
    try:
        cells = _split_plainly(data, layout.delimiter)[skip : skip + rows]
    except (UnicodeDecodeError, csv.Error):
        cells = []
    if len(cells) == rows:
        return cells
    lines = _lines(data.decode(errors="replace"))
    found = islice(records(lines, layout.delimiter), skip, skip + rows)
    return [[lines[record.at]] if record.cells is None else record.cells for record in found]


def _plain_csv(data: bytes, layout: Layout, line: int, skip: int, rows: int) -> Batch | None:
    """The fast way, for a file as nearly all are: a row a line, as many cells in each as in the header."""
    try:
        cells = _split_plainly(data, layout.delimiter)
    except (UnicodeDecodeError, csv.Error):
        return None
    cells = cells[skip : skip + rows]
    if len(cells) != rows or set(map(len, cells)) != {len(layout.columns)}:
        return None
    columns = list(zip(*cells, strict=True))
    mapped = _undone({name: list(columns[at]) for name, at in layout.mapping.items()}, layout)
    first = line + skip
    return Batch(rows, range(first, first + rows), mapped, {}, _mapped_row(mapped), clean=_clean(data))


def _split_plainly(data: bytes, delimiter: str) -> list[list[str]]:
    """A list of cells a line; nothing where lines and rows are not the same."""
    text = data.decode()
    if '"' not in text:
        lines = _lines(text.replace("\r\n", "\n"))
        return [] if "" in lines or "\r" in text.replace("\r\n", "") else [row.split(delimiter) for row in lines]
    lines = _lines(text)
    cells = list(csv.reader(lines, delimiter=delimiter))
    return [] if len(cells) != len(lines) or [] in cells or never_closed(lines[-1], delimiter) else cells


def _any_csv(data: bytes, layout: Layout, line: int, skip: int, rows: int) -> Batch:
    lines = _lines(data.decode(errors="surrogateescape"))
    found = list(islice(records(lines, layout.delimiter), skip, skip + rows))
    width = len(layout.columns)
    problems: dict[int, ItemProblem] = {}
    cells: list[list[str]] = []
    for place, record in enumerate(found):
        row = _trimmed(record.cells or [], width)
        problem = record.problem or _malformed(row, layout)
        if problem:
            problems[place] = ItemProblem("MALFORMED_ROW", f"line {line + record.at}: {problem}")
        cells.append([""] * width if problem else row)
    mapped = _undone({name: [row[at] for row in cells] for name, at in layout.mapping.items()}, layout)
    secret = "password" in layout.mapping  # which may stand anywhere in a row that could not be read
    texts = {place: "" if secret else _shown(lines[found[place].at]) for place in problems}
    whole = _mapped_row(mapped)
    return Batch(
        len(found),
        [line + record.at for record in found],
        mapped,
        problems,
        lambda place: {"row": texts[place]} if place in texts else whole(place),
    )


def _malformed(cells: list[str], layout: Layout) -> str:
    if len(cells) != len(layout.columns):
        first = "header" if layout.header else "first row"
        return f"{len(cells)} columns where the {first} has {len(layout.columns)}"
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return f"not {layout.encoding.upper()}"
    return ""


def _trimmed(row: list[str], width: int) -> list[str]:
    """What goes beyond the header and is empty is only a delimiter at the line's end."""
    return row[:width] if len(row) > width and not any(row[width:]) else row


def _ndjson(data: bytes, line: int, skip: int, rows: int, prepared: bool = False) -> Batch:
    lines = data.removesuffix(b"\n").split(b"\n")
    filled = [place for place, text in enumerate(lines) if text not in (b"", b"\r")][skip : skip + rows]
    found = [_object(lines[place]) for place in filled]
    problems = {
        place: ItemProblem("MALFORMED_ROW", f"line {line + filled[place]}: {item}")
        for place, item in enumerate(found)
        if isinstance(item, str)
    }
    items = [{} if isinstance(item, str) else item for item in found]
    if prepared:
        problems |= {place: ItemProblem(*item.pop(REFUSED)) for place, item in enumerate(items) if REFUSED in item}
    _note_unknown(items, problems)
    texts = {place: _shown_json(lines[filled[place]]) for place in problems}
    return Batch(
        len(items),
        [line + place for place in filled],
        _columns(items),
        problems,
        lambda place: items[place] or {"row": texts.get(place, "{}")},
        typed=True,
        clean=b"\\" not in data and _clean(data),
    )


def _object(text: bytes) -> dict[str, Any] | str:
    try:
        value = from_json(decoder, text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return str(error)
    except RecursionError:
        return "nested too deeply"
    if not isinstance(value, dict):
        return "not a JSON object"
    return _without_results(value) if "error_code" in value else value


def _without_results(item: dict[str, Any]) -> dict[str, Any]:
    """An item of our own results that comes back: what we added is known, and ignored."""
    ours = [prefixed if (prefixed := f"result_{name}") in item else name for name in OUR_COLUMNS]
    return {name: value for name, value in item.items() if name not in ours} if set(ours) <= item.keys() else item


def _shown(text: str) -> str:
    return text.encode(errors="replace").decode()[:SHOWN]


def _shown_json(text: bytes) -> str:
    return "" if b"password" in text else text.decode(errors="replace")[:SHOWN]


def _note_unknown(items: list[dict[str, Any]], problems: dict[int, ItemProblem]) -> None:
    unknown = set().union(*items).difference(NAMES) if items else set()
    if not unknown:
        return
    for place, item in enumerate(items):
        names = sorted(unknown.intersection(item))
        if names:
            problems.setdefault(place, ItemProblem("UNKNOWN_FIELD", f"no item has a field {names[0][:64]!r}"))


def _columns(items: list[dict[str, Any]]) -> dict[str, list[Any]]:
    present = set().union(*items)
    return {name: [item.get(name) for item in items] for name in NAMES if name in present}


def _repeated(data: bytes, rows: int) -> Batch:
    one = _ndjson(data, 1, 0, 1)
    columns = {name: values * rows for name, values in one.columns.items()}
    problems = dict.fromkeys(range(rows), one.problems[0]) if one.problems else {}
    return Batch(rows, [1] * rows, columns, problems, lambda _place: one.raw(0), typed=True, clean=one.clean)


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def _clean(data: bytes) -> bool:
    text = np.frombuffer(data, np.uint8)
    odd = np.count_nonzero(text < 32) + np.count_nonzero(text == 127)
    return bool(odd == data.count(b"\n") + data.count(b"\r\n"))


def _undone(columns: dict[str, list[str]], layout: Layout) -> dict[str, list[str]]:
    if layout.own == len(layout.columns):
        return columns
    return {name: [undone(value) for value in column] for name, column in columns.items()}


def _mapped_row(mapped: dict[str, list[str]]) -> Callable[[int], dict[str, Any]]:
    return lambda place: {name: values[place] for name, values in mapped.items() if values[place]}
