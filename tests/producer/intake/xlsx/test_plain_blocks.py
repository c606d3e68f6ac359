"""Blocks that are read without the parser become what the parser would make of them."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import create_autospec, patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Unreadable
from producer.intake.xlsx import list_parser, rows, shared_texts, workbook
from producer.intake.xlsx.list_parser import ListParser
from producer.intake.xlsx.shared_texts import SharedTexts
from tests.workbooks import openpyxl_workbook, raw_workbook, xlsxwriter_workbook

LARGEST = 1 << 20
SMALL_CHUNK = 48  # bytes: nearly every row is a block of its own
CELLS = (
    '<c r="A{0}" t="s"><v>0</v></c>',
    '<c r="B{0}" s="1" t="s"><v>2</v></c>',
    '<c r="C{0}" t="s"><v>1</v></c>',
    '<c r="D{0}" t="inlineStr"><is><t xml:space="preserve"> a &amp; b &lt;</t></is></c>',
    '<c r="E{0}"><v>1.50</v></c>',
    '<c r="F{0}" s="0"/>',
    '<c r="G{0}" t="str"><v>ü_x0041_</v></c>',
    '<c r="AA{0}" t="b"><v>1</v></c>',
)
ODD_CELLS = (
    '<c r="A{0}" t="str"><f>1&lt;2</f><v>x</v></c>',
    '<c r="H{0}" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c>',
    '<c t="str"><v>&#252;&amp;lt;</v></c>',
    '<x:c r="I{0}" xmlns:x="x"><x:v>1</x:v></x:c>',
    "<c r='J{0}'><v>2</v></c>",
    '<c r="K{0}" t="str"><v><![CDATA[</row>]]></v></c>',
    '<!-- <c r="L{0}"><v>1</v></c></row> -->',
    '<c r="M{0}"><v>1</v>\r\n</c>',
    '<c r="N{0}" t="str"><v>a\r\nb</v></c>',
    '<c r="O{0}" t="str"><v>\x01</v></c>',
    '<c r="P{0}" t="str"><v>&other;</v></c>',
    '<c r="Q{0}"><v></v></c>',
    '<c r="R{0}" t="s"><v>-1</v></c>',
    '<c r="ZZZZ{0}"><v>1</v></c>',
    "</row><row>",
    "<c>",
)
ROWS = ('<row r="{0}">{1}</row>', '<row r="{0}" spans="1:3" ht="12">{1}</row>')
ODD_ROWS = ('<row r="{0}"/>', "<row>{1}</row>", "\n<row r='{0}'>{1}</row>\n", '<row r="1">{1}</row>')
TEXTS = ["<si><t>one</t></si>", '<si><t xml:space="preserve"> two &gt; &amp;gt;</t></si>', "<si><r><t>3</t></r></si>"]
HEADS = ("", '<?xml version="1.0" encoding="UTF-8"?>', '<?xml version="1.0"?><!-- <row> -->')


@contextmanager
def small_blocks() -> Iterator[None]:
    with patch.object(list_parser, "CHUNK_BYTES", SMALL_CHUNK):
        yield


def read(book: bytes) -> list[list[str]] | None:
    """The cells of a workbook; None when it is refused."""
    try:
        with workbook.open_workbook(io.BytesIO(book), LARGEST, lambda: None) as opened:
            text = b"".join(workbook.as_csv(opened, workbook.choose_sheet(opened))).decode()
    except Unreadable:
        return None
    return list(csv.reader(io.StringIO(text, newline="")))


def read_with_parser(book: bytes) -> list[list[str]] | None:
    with patch.object(ListParser, "_skip", create_autospec(ListParser._skip, return_value=False)):
        return read(book)


@st.composite
def sheets(draw: st.DrawFn) -> str:
    """Mostly plain rows, with mistakes and rare ways to write them."""
    text = ""
    for number in range(1, draw(st.integers(2, 8))):
        is_odd = draw(st.integers(0, 3)) == 0
        cells = sorted(draw(st.sets(st.sampled_from(range(len(CELLS))), max_size=4)))
        content = "".join(CELLS[place] for place in cells)
        if is_odd:
            content += draw(st.sampled_from(("", *ODD_CELLS)))
        row = draw(st.sampled_from(ROWS + ODD_ROWS if is_odd else ROWS))
        text += row.replace("{1}", content).replace("{0}", str(number))
    return f"{draw(st.sampled_from(HEADS))}<worksheet><sheetData>{text}</sheetData><x/></worksheet>"


@given(sheets(), st.permutations(TEXTS * 2))
def test_sheets_are_read_as_the_parser_reads_them(sheet: str, texts: list[str]) -> None:
    book = raw_workbook(sheet, f"<sst>{''.join(texts)}</sst>")
    with small_blocks():
        assert read(book) == read_with_parser(book)


@pytest.mark.parametrize("constant", [True, False])
def test_most_blocks_of_xlsxwriter_need_no_parser(constant: bool) -> None:
    table = [["url", "title"], *([f"https://example.com/?a={row}&b=1", f"Title {row}"] for row in range(100))]
    assert_skips_most(xlsxwriter_workbook(table, constant_memory=constant), table)


def test_most_blocks_of_openpyxl_need_no_parser() -> None:
    table: list[list[Any]] = [["url", "number"], *([f"https://example.com/{row}", row] for row in range(100))]
    assert_skips_most(openpyxl_workbook(Links=table), [[str(cell) for cell in row] for row in table])


def assert_skips_most(book: bytes, table: list[list[str]]) -> None:
    read_plain_rows = create_autospec(rows.read_plain_rows, side_effect=rows.read_plain_rows)
    with small_blocks(), patch.object(rows, "read_plain_rows", read_plain_rows):
        assert read(book) == table
    assert read_plain_rows.call_count >= len(table) // 2


def test_another_encoding_is_left_to_the_parser() -> None:
    sheet = '<?xml version="1.0" encoding="ISO-8859-1"?><worksheet><sheetData>'
    sheet += '<row r="1"><c r="A1" t="str"><v>Ã¼</v></c></row>' * 1
    sheet += '<row r="2"><c r="A2" t="str"><v>Ã¼</v></c></row></sheetData></worksheet>'
    book = raw_workbook(sheet.encode("latin-1"))
    with small_blocks():
        assert read(book) == [["Ã¼"], ["Ã¼"]]


@given(st.lists(st.text(max_size=5), min_size=1), st.data())
def test_shared_texts_are_found_in_any_order(texts: list[str], draw: st.DataObject) -> None:
    texts = [text.encode(errors="replace").decode() for text in texts]
    with patch.object(shared_texts, "WINDOW_BYTES", 8), patch.object(shared_texts, "WINDOW_TEXTS", 3):
        shared = SharedTexts()
        shared.add(texts[:2])
        shared.add(texts[2:])
        shared.file.flush()
        for number in draw.draw(st.lists(st.integers(0, len(texts) - 1), max_size=12)):
            assert shared[number] == texts[number]
    with pytest.raises(IndexError):
        shared[len(texts)]
    with pytest.raises(IndexError):
        shared[-1]
