"""preview: what an upload would become, told from its first bytes by those who would do it."""

import io
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from models import settings, store
from models.accounts.keys import Owner
from models.errors import EmptyUpload, Unreadable
from models.links import labels
from producer.fields import item_fields
from producer.intake import charsets
from producer.intake.batch import Batch, ItemProblem
from producer.intake.csv_batch import client_cells
from producer.intake.cutting import cut
from producer.intake.detection import FormatHints, detect_layout
from producer.intake.headers import distinct_names
from producer.intake.layouts import CSV, UTF8, Conversion, Layout
from producer.intake.reading import read_batch
from producer.intake.xlsx import workbook
from producer.job_options import Options, choose_domain
from producer.rules import defaults
from producer.rules.judging import JudgedBatch, JudgingContext, judge

ROWS = 10
LARGEST_SHEET = 256 << 20  # bytes, unpacked
PATIENCE_SECONDS = 5.0
TOO_LONG = "this spreadsheet takes too long to look into here; it is read in full once it is uploaded"
NOT_WHOLE = "a spreadsheet as large as this one is looked into only once it is uploaded"
NO_URL = "no column is known to be the URL: say which one is"
HIDDEN = "•••"
NOTHING_MAPPED = dict.fromkeys(item_fields.NAMES)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    """What a mapping calls it."""
    shown: str
    sample: str
    field: str
    """The item field that it stands for; "" for none."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    values: dict[str, str]
    """By item field; a row that could not be read has its text for its URL."""
    problem: ItemProblem | None


@dataclass(frozen=True, slots=True)
class Preview:
    layout: Layout
    columns: list[Column]
    rows: list[Row]
    wrong: str = ""
    """Why no column could be told to be the URL: there are no rows before somebody says it."""

    @property
    def fields(self) -> list[str]:
        present = {name for row in self.rows for name in row.values}
        return [name for name in item_fields.NAMES if name in present]

    @property
    def failed(self) -> int:
        return sum(row.problem is not None for row in self.rows)


def preview(head: bytes, whole: bool, format_: str, owner: Owner, options: Options) -> Preview:
    """The columns of an upload and its first rows. What no row could be read from raises Unreadable."""
    known = _known(owner, options)
    data, layout, wrong = _readable(head if whole else _lines(head), whole, format_, options)
    rows, line, data = _first_rows(data, layout, whole)
    columns = _columns(data, layout, rows) if layout.format == CSV else []
    if layout.format == CSV and "url" not in layout.mapping and not options.defaults.get("url"):
        return Preview(layout, columns, [], wrong or NO_URL)
    read = defaults.fill(read_batch(data, layout, line, 0, rows), options.defaults, 0)
    return Preview(layout, columns, _judged(read, judge(read, known)), wrong)


def _known(owner: Owner, options: Options) -> JudgingContext:
    domain = choose_domain(owner, options)
    with store.read() as db:
        groups = labels.group_ids(db, owner.workspace_id)
    return JudgingContext(frozenset((settings.get().authority, domain.hostname)), groups, datetime.now(UTC))


def _lines(head: bytes) -> bytes:
    """Whole lines, so that no letter is cut in two."""
    return head[: head.rfind(b"\n") + 1] or head


def _readable(head: bytes, whole: bool, format_: str, options: Options) -> tuple[bytes, Layout, str]:
    """UTF-8 by lines, how it is made, and what is wrong with its columns."""
    layout, wrong = _inspected(head, format_, options, options.format_hints())
    if layout.conversion == Conversion.SHEET:
        return _sheet(head, whole, options)
    if layout.conversion:
        head = b"".join(charsets.convert([head], layout.encoding, layout.conversion == Conversion.LINES))
    return head, replace(layout, conversion=Conversion.NONE), wrong


def _sheet(head: bytes, whole: bool, options: Options) -> tuple[bytes, Layout, str]:
    if not whole:
        raise Unreadable(NOT_WHOLE)
    until = time.monotonic() + PATIENCE_SECONDS

    def tick() -> None:
        if time.monotonic() > until:
            raise Unreadable(TOO_LONG)

    with workbook.open_workbook(io.BytesIO(head), LARGEST_SHEET, tick) as book:
        name = workbook.only_sheet(book)
        data = next(workbook.as_csv(book, name))
    layout, wrong = _inspected(data, CSV, options, FormatHints(",", UTF8, options.header))
    return data, replace(layout, sheet=name), wrong


def _inspected(head: bytes, format_: str, options: Options, asked: FormatHints) -> tuple[Layout, str]:
    """Where columns cannot be told apart somebody has to say which is which, and sees them for it."""
    asked = asked._replace(url=False)
    try:
        return detect_layout(head, format_, ROWS, options.mapping, asked), ""
    except Unreadable as error:
        return detect_layout(head, format_, ROWS, NOTHING_MAPPED, asked), str(error)


def _first_rows(data: bytes, layout: Layout, whole: bool) -> tuple[int, int, bytes]:
    """How many they are, on which line they begin, and their bytes. The last one of a part may be a part itself."""
    shard = next(cut(lambda offset, length: data[offset : offset + length], layout), None)
    if shard is None:
        raise EmptyUpload("The upload has no rows.")
    end = shard.offset + shard.length
    rows = shard.rows if whole or end < len(data) else max(1, shard.rows - 1)
    return rows, shard.line, data[shard.offset : end]


def _columns(data: bytes, layout: Layout, rows: int) -> list[Column]:
    of_column = {at: name for name, at in layout.mapping.items()}
    cells = [row for row in client_cells(data, layout, 0, rows) if len(row) == layout.client_columns]
    names = layout.columns[: layout.client_columns]
    if not layout.header:
        names = [f"column_{at}" for at in range(1, len(names) + 1)]
    samples = [next((row[at] for row in cells if row[at]), "") for at in range(len(names))]
    return [
        Column(name, shown, HIDDEN if of_column.get(at) == "password" and sample else sample, of_column.get(at, ""))
        for at, (name, shown, sample) in enumerate(zip(names, distinct_names(names), samples, strict=True))
    ]


def _judged(read: Batch, judged: JudgedBatch) -> list[Row]:
    names = [name for name in item_fields.NAMES if name in read.columns and name not in item_fields.UTM]
    urls = judged.columns["url"]
    found = []
    for place, line in enumerate(read.lines):
        values = {name: _text(name, read.columns[name][place]) for name in names}
        problem = judged.problems.get(place)
        whole = read.raw(place).get("row") if problem else urls[place]
        values |= {"url": str(whole)} if whole else {}
        found.append(Row(line, {name: value for name, value in values.items() if value}, problem))
    return found


def _text(name: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    if name == "password":
        return HIDDEN
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
