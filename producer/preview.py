"""The preview of an upload: its columns and first rows, read and judged from its first bytes as the upload would be."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from models import store
from models.accounts import domains
from models.accounts.keys import Owner
from models.errors import AmbiguousDates, EmptyUpload, NoPreview, NoUrlColumn, Unreadable
from models.links import labels
from producer import former_mappings
from producer.fields.dates import DateOrder
from producer.fields.item_fields import NAMES, UTM
from producer.intake import charsets
from producer.intake.batch import Batch, ItemProblem
from producer.intake.csv_batch import client_cells
from producer.intake.cutting import cut
from producer.intake.detection import HEADER_LIMIT, FormatHints, detect_layout
from producer.intake.headers import distinct_names, numbered_names
from producer.intake.layouts import CSV, Conversion, Layout
from producer.intake.reading import read_batch
from producer.intake.xlsx import patience, workbook
from producer.job_options import Options, choose_domain, judging_context
from producer.rules import defaults, short_urls
from producer.rules.judging import JudgingContext, judge

ROWS = 10
LARGEST_SHEET = 256 << 20  # bytes, unpacked
HIDDEN = "•••"
"""What is shown of a password."""
NO_URL = "No column is known to be the URL. Choose one."
NO_COLUMNS_MAPPED = dict.fromkeys(NAMES)


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    name: str
    """What a mapping calls it."""
    label: str
    """The name, made distinct from those of other columns."""
    sample: str
    field: str
    """The item field that it stands for, or an empty text."""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    line: int
    values: dict[str, str]
    """By item field. Of a row that cannot be read, `url` is its text."""
    problem: ItemProblem | None


@dataclass(frozen=True, slots=True)
class Preview:
    layout: Layout
    columns: list[PreviewColumn]
    rows: list[PreviewRow]
    """Empty while it is not clear what the columns stand for."""
    column_problem: str = ""
    sheets: Sequence[str] = ()
    """The sheets of a workbook that have rows."""
    former_mapping: Mapping[str, str] = field(default_factory=dict)
    """That of the last job with these columns, where it differs."""

    @property
    def fields(self) -> list[str]:
        """The fields that some row has."""
        present: set[str] = set().union(*(row.values for row in self.rows))
        return [name for name in NAMES if name in present]

    @property
    def lacks_url(self) -> bool:
        return self.column_problem == NO_URL

    @property
    def failed_count(self) -> int:
        return sum(row.problem is not None for row in self.rows)


def preview(head: bytes, is_whole: bool, format_: str, owner: Owner, options: Options) -> Preview:
    """Reads the columns of an upload and judges its first rows. Raises Unreadable when no row can be read."""
    context = _judging_context(owner, options)
    sample = _read_sample(head, is_whole, format_, options)
    layout = sample.layout
    columns: list[PreviewColumn] = []
    former: Mapping[str, str] = {}
    if layout.format == CSV:
        columns = _columns(sample)
        former = former_mappings.find(owner, layout)
    if sample.column_problem:
        return Preview(layout, columns, [], sample.column_problem, sample.sheets, former)
    batch = read_batch(sample.data, layout, sample.line, 0, sample.rows)
    batch = short_urls.with_slugs(batch, context.domains)
    batch = defaults.fill(batch, options.defaults, 0)
    return Preview(layout, columns, _judged_rows(batch, context), "", sample.sheets, former)


def _judging_context(owner: Owner, options: Options) -> JudgingContext:
    domain = choose_domain(owner, options)
    with store.read() as db:
        groups = labels.group_ids(db, owner.workspace_id)
        names = domains.by_name(db, owner.workspace_id)
    return judging_context(domain, groups, options.for_judging(), names)


class Sample(NamedTuple):
    """The first rows of an upload, as UTF-8 with a row on each line."""

    data: bytes
    layout: Layout
    line: int
    rows: int
    column_problem: str
    sheets: Sequence[str]


def _read_sample(head: bytes, is_whole: bool, format_: str, options: Options) -> Sample:
    if not is_whole:
        head = _whole_lines(head)
    sheets: Sequence[str] = ()
    layout, problem = _detect(head, format_, options, options.format_hints())
    if layout.conversion == Conversion.SHEET:
        head, layout, problem, sheets = _convert_sheet(head, is_whole, options)
    elif layout.conversion:
        translate_returns = layout.conversion == Conversion.LINES
        head = b"".join(charsets.convert([head], layout.encoding, translate_returns))
        layout = replace(layout, conversion=Conversion.NONE)
    return _first_rows(head, layout, is_whole, problem)._replace(sheets=sheets)


def _whole_lines(head: bytes) -> bytes:
    """Leaves out the last line, in which a character may be cut in two."""
    return head[: head.rfind(b"\n") + 1] or head


def _detect(head: bytes, format_: str, options: Options, hints: FormatHints) -> tuple[Layout, str]:
    """The layout, and why its columns are unclear: the client then sees them all and can choose."""
    any_order = hints._replace(date_order=hints.date_order or DateOrder.DAY_FIRST)
    without_url = any_order._replace(url=False)
    try:
        return detect_layout(head, format_, ROWS, options.mapping, hints), ""
    except NoUrlColumn:
        return detect_layout(head, format_, ROWS, options.mapping, without_url), NO_URL
    except AmbiguousDates as error:
        return detect_layout(head, format_, ROWS, options.mapping, any_order), str(error)
    except Unreadable as error:
        return detect_layout(head, format_, ROWS, NO_COLUMNS_MAPPED, without_url), str(error)


def _convert_sheet(head: bytes, is_whole: bool, options: Options) -> tuple[bytes, Layout, str, list[str]]:
    if not is_whole:
        raise NoPreview("This spreadsheet is too large for a preview. It is read in full once it is uploaded.")
    with workbook.open_workbook(io.BytesIO(head), LARGEST_SHEET, patience.limited()) as book:
        sheets = workbook.filled_sheets(book)
        sheet = workbook.choose_sheet(book, options.sheet or sheets[0])
        data = workbook.read_head(book, sheet, HEADER_LIMIT)
    layout, problem = _detect(data, CSV, options, options.sheet_hints(book.since_1904))
    return data, replace(layout, sheet=sheet), problem, sheets


def _first_rows(data: bytes, layout: Layout, is_whole: bool, column_problem: str) -> Sample:
    shard = next(cut(lambda offset, length: data[offset : offset + length], layout), None)
    if shard is None:
        raise EmptyUpload("The upload has no rows.")
    end = shard.offset + shard.length
    rows = shard.rows
    if not is_whole and end == len(data):
        rows = max(1, rows - 1)  # the last row may be cut off
    return Sample(data[shard.offset : end], layout, shard.line, rows, column_problem, ())


def _columns(sample: Sample) -> list[PreviewColumn]:
    layout = sample.layout
    width = layout.client_columns
    field_of = {place: field for field, place in layout.mapping.items()}
    names = layout.columns[:width]
    if not layout.header:
        names = numbered_names(width)
    rows = [row for row in client_cells(sample.data, layout, 0, sample.rows) if len(row) == width]
    columns = []
    for place, (name, label) in enumerate(zip(names, distinct_names(names), strict=True)):
        field = field_of.get(place, "")
        text = next((row[place] for row in rows if row[place]), "")
        if text and field == "password":
            text = HIDDEN
        columns.append(PreviewColumn(name, label, text, field))
    return columns


def _judged_rows(batch: Batch, context: JudgingContext) -> list[PreviewRow]:
    judged = judge(batch, context)
    urls = judged.columns["url"]
    names = [name for name in NAMES if name in batch.columns and name not in UTM]  # which are in the URL now
    rows = []
    for place, line in enumerate(batch.lines):
        values = {}
        for name in names:
            text = _text(name, batch.columns[name][place])
            if text:
                values[name] = text
        problem = judged.problems.get(place)
        url = batch.raw(place).get("row") if problem else urls[place]
        if url:
            values["url"] = str(url)
        rows.append(PreviewRow(line, values, problem))
    return rows


def _text(name: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    if name == "password":
        return HIDDEN
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
