"""What is fuzzed: each target takes any bytes. It may refuse them, and must read them alike however they come."""

import io
from collections.abc import Callable, Iterator
from typing import Any

from flask import Request
from werkzeug.test import EnvironBuilder

from models.errors import LinkmillError
from producer.intake import json_bodies
from producer.intake.batch import Batch
from producer.intake.cutting import cut
from producer.intake.detection import FormatHints, detect_layout
from producer.intake.layouts import CSV, NDJSON, Layout
from producer.intake.reading import read_batch
from producer.intake.xlsx import workbook
from tests.workbooks import raw_workbook, zip_parts
from web import multipart

ROWS_OF_SHARDS = 3
LARGEST_SHEET = 1 << 20
BOUNDARY = "x"


def read_csv(data: bytes) -> None:
    """A CSV file reads the same as a whole and by shards."""
    _compare_shards(data, CSV)


def read_list(data: bytes) -> None:
    """The same for a file whose URL column is known, so that anything is a row."""
    _compare_shards(data, CSV, FormatHints(header=False, url=False))


def read_ndjson(data: bytes) -> None:
    _compare_shards(data, NDJSON)


def read_json(data: bytes) -> None:
    """A JSON body is refused, or becomes as many lines as it has items."""
    try:
        body = json_bodies.parse(data)
        if body.items is None:
            return
        text = b"".join(json_bodies.ndjson_lines(body.items))
    except LinkmillError:
        return
    assert len(text.splitlines()) == len(body.items)


def read_workbook(data: bytes) -> None:
    """Bytes as a whole workbook."""
    _read_sheet(data)


def read_sheet(data: bytes) -> None:
    """Bytes as the rows of a sheet, and as its shared texts."""
    rows, _, texts = data.partition(b"\0")
    _read_sheet(
        raw_workbook(
            f"<worksheet><sheetData>{rows.decode('latin-1')}</sheetData></worksheet>",
            f"<sst>{texts.decode('latin-1')}</sst>",
        )
    )


def read_form(data: bytes) -> None:
    """A form reads the same in one piece and byte by byte."""
    assert _read_form([data]) == _read_form([data[place : place + 1] for place in range(len(data))])


TARGETS: dict[str, Callable[[bytes], None]] = {
    "csv": read_csv,
    "list": read_list,
    "ndjson": read_ndjson,
    "json": read_json,
    "sheet": read_sheet,
    "workbook": read_workbook,
    "form": read_form,
}


def seeds() -> dict[str, list[bytes]]:
    """What each target begins with: inputs that go deep."""
    table = b'url,title,slug,password\nhttps://a.example/,"a ""b"",\nc",s,\n\nhttps://b.example/,=1,,secret\n'
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>url</t></is></c></row><row r="3"><c r="B3" t="s"><v>0</v></c></row>'
    )
    form = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--{BOUNDARY}\r\n'
    form += f'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nurl\r\n\r\n--{BOUNDARY}--\r\n'
    items = b'{"url":"https://a.example/","tags":["a"],"title":null}\n{"url":"\\ud800","x":1}\n'
    return {
        "csv": [
            table,
            table.decode().encode("utf-16"),
            table.replace(b",", b";").replace(b"\n", b"\r"),
            b"sep=;\nurl\n",
        ],
        "list": [table, b"https://a.example/\nhttps://b.example/\n"],
        "ndjson": [items],
        "json": [
            b'{"links":[' + items.strip().replace(b"\n", b",") + b'],"name":"n"}',
            b'{"url":"https://a.b/","count":2}',
        ],
        "sheet": [rows.encode() + b"\0<si><t>x</t></si><si><r><t>y</t></r></si>"],
        "workbook": [raw_workbook(f"<worksheet><sheetData>{rows}</sheetData></worksheet>"), zip_parts({"a": "b"})],
        "form": [form.encode()],
    }


def _compare_shards(data: bytes, format_: str, hints: FormatHints | None = None) -> None:
    try:
        layout = detect_layout(data, format_, ROWS_OF_SHARDS, {}, hints or FormatHints())
        if layout.conversion:
            return
        shards = list(cut(lambda offset, length: data[offset : offset + length], layout))
    except LinkmillError:
        return
    rows = sum(shard.rows for shard in shards)
    together = list(_rows(read_batch(data[layout.offset :], layout, layout.line, 0, rows), layout))
    apart: list[Any] = []
    for shard in shards:
        part = data[shard.offset : shard.offset + shard.length]
        apart += _rows(read_batch(part, layout, shard.line, 0, shard.rows), layout)
    assert apart == together


def _rows(batch: Batch, layout: Layout) -> Iterator[Any]:
    for place in range(batch.rows):
        problem = batch.problems.get(place)
        values = None if problem else {name: column[place] for name, column in batch.columns.items() if column[place]}
        yield batch.lines[place], problem, values


def _read_sheet(book: bytes) -> None:
    try:
        with workbook.open_workbook(io.BytesIO(book), LARGEST_SHEET, lambda: None) as found:
            data = b"".join(workbook.as_csv(found, workbook.choose_sheet(found)))
    except LinkmillError:
        return
    data.decode()


def _read_form(chunks: list[bytes]) -> Any:
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    request = Request(EnvironBuilder(method="POST", content_type=content_type).get_environ())
    fields: dict[str, str] = {}
    try:
        file = multipart.read_file(request, iter(chunks), fields)
        content = b"".join(file.chunks)
    except LinkmillError as error:
        return type(error)
    return file.name, file.content_type, content, fields
