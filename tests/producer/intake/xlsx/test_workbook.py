"""Spreadsheets of several programs become CSV; files that only look like one are refused."""

import csv
import io
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from models.errors import UnknownSheet, Unreadable
from producer.intake.xlsx import workbook
from producer.intake.xlsx.elements import LONGEST_TEXT
from tests import ROOT
from tests.workbooks import openpyxl_workbook, raw_workbook, xlsxwriter_workbook, zip_parts

ROWS: list[list[Any]] = [
    ["url", "title", "expires_at", "max_clicks", "note"],
    ["https://example.com/a?x=1&y=2", "Größe „ü“ 😀", datetime(2027, 12, 31, 23, 59, 1), 5, 0.1],
    ["https://example.com/b", 'say "hi", twice\nor more', date(2028, 2, 29), 1.0, True],
    ["https://example.com/c", None, time(13, 5), 123456789012, "<&>"],
]
TEXT = [
    ["url", "title", "expires_at", "max_clicks", "note"],
    ["https://example.com/a?x=1&y=2", "Größe „ü“ 😀", "2027-12-31T23:59:01", "5", "0.1"],
    ["https://example.com/b", 'say "hi", twice\nor more', "2028-02-29", "1", "TRUE"],
    ["https://example.com/c", "", "13:05:00", "123456789012", "<&>"],
]
DAMAGED = "This is not a spreadsheet, or it is damaged"
DOCTYPE = "The spreadsheet contains a DOCTYPE"
SMALL = 100 << 20
MOST_MB = 60


def table(book: bytes, largest: int = SMALL, sheet: str = "") -> list[list[str]]:
    with workbook.open_workbook(io.BytesIO(book), largest, lambda: None) as found:
        text = b"".join(workbook.as_csv(found, workbook.choose_sheet(found, sheet))).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def cells(rows: str, texts: str = "<sst/>") -> list[list[str]]:
    return table(raw_workbook(f"<worksheet><sheetData>{rows}</sheetData></worksheet>", texts))


def test_a_workbook_of_openpyxl_is_read() -> None:
    assert table(openpyxl_workbook(Links=ROWS)) == TEXT


@pytest.mark.parametrize("constant", [True, False])
def test_a_workbook_of_xlsxwriter_is_read_with_shared_and_with_inline_texts(constant: bool) -> None:
    options = {"constant_memory": constant, "default_date_format": "yyyy-mm-dd hh:mm"}
    assert table(xlsxwriter_workbook(ROWS, **options)) == TEXT


def test_cells_are_read_as_openpyxl_reads_them() -> None:
    rows = [[f"https://example.com/{row}", row * 0.37, row / 4, -row, f"x{row % 7}"] for row in range(500)]
    book = xlsxwriter_workbook([["url", "a", "b", "c", "d"], *rows])
    sheet = openpyxl.load_workbook(io.BytesIO(book), read_only=True).worksheets[0]
    theirs = [[value if isinstance(value, str) else repr(value) for value in row] for row in sheet.values]
    assert table(book) == theirs


SHEETS = openpyxl_workbook(Notes=[["n"]], Links=[["l"]], Empty=[], **{"2": [["two"]]})


@pytest.mark.parametrize(
    ("sheet", "cell"),
    [("Links", "l"), (" links ", "l"), ("NOTES", "n"), ("1", "n"), ("2", "two"), ("4", "two")],
)
def test_a_sheet_is_chosen_by_its_name_or_else_by_its_number(sheet: str, cell: str) -> None:
    assert table(SHEETS, sheet=sheet) == [[cell]]


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("Clicks", "The workbook has no sheet 'Clicks'. Its sheets are 'Notes', 'Links', 'Empty', '2'."),
        ("0", "The workbook has no sheet '0'"),
        ("5", "The workbook has no sheet '5'"),
        ("9" * 5000, "The workbook has no sheet"),
        ("", "3 sheets have rows ('Notes', 'Links', '2'). Choose one with sheet=."),
    ],
)
def test_a_sheet_that_is_not_there_is_answered_with_those_that_are(sheet: str, message: str) -> None:
    with pytest.raises(UnknownSheet) as caught:
        table(SHEETS, sheet=sheet)
    assert str(caught.value).startswith(message)
    assert caught.value.errors[0]["pointer"] == "/sheet"


def test_a_hidden_sheet_is_read_when_it_is_named_or_the_only_one_with_rows() -> None:
    assert table(hide(openpyxl_workbook(Hidden=[["h"]], Shown=[["s"]]), "Hidden")) == [["s"]]
    assert table(hide(openpyxl_workbook(Hidden=[["h"]], Shown=[["s"]]), "Hidden"), sheet="hidden") == [["h"]]
    assert table(hide(openpyxl_workbook(Hidden=[["h"]], Shown=[]), "Hidden")) == [["h"]]


def hide(book: bytes, sheet: str) -> bytes:
    opened = openpyxl.load_workbook(io.BytesIO(book))
    opened[sheet].sheet_state = "hidden"
    opened.active = opened["Shown"]
    out = io.BytesIO()
    opened.save(out)
    return out.getvalue()


def test_formulas_become_their_cached_values() -> None:
    book = io.BytesIO()
    made = openpyxl_workbook(Links=[["url"], ["x"]])
    with zipfile.ZipFile(io.BytesIO(made)) as source, zipfile.ZipFile(book, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                row = b'<row r="2"><c r="A2" t="str"><f>"https://a.b/"&amp;1</f><v>https://a.b/1</v></c></row>'
                content = content[: content.index(b'<row r="2"')] + row + b"</sheetData></worksheet>"
            target.writestr(name, content)
    assert table(book.getvalue()) == [["url"], ["https://a.b/1"]]


def test_rows_keep_their_numbers_and_are_as_wide_as_the_first() -> None:
    rows = '<row r="2"><c r="A2" t="str"><v>url</v></c><c r="C2" t="str"><v>note</v></c></row>'
    rows += '<row r="4"/><row r="5"><c r="A5" t="str"><v>a</v></c><c r="E5" s="0"/></row>'
    rows += "<row><c><v>1</v></c><c><v>2</v></c><c/><c><v>4</v></c></row>"
    assert cells(rows) == [[], ["url", "", "note"], [], [], ["a", "", ""], ["1", "2", "", "4"]]


def test_texts_may_be_formatted_escaped_or_have_a_pronunciation() -> None:
    rich = "<si><r><t>a </t></r><r><t>b</t></r><rPh><t>spoken</t></rPh></si>"
    texts = f"<sst>{rich}<si><t>x_x000A_y_x005F_z</t></si></sst>"
    shared = '<c t="s"><v>0</v></c><c t="s"><v>1</v></c>'
    row = f'<row>{shared}<c t="inlineStr"><is><t>c</t></is></c><c t="e"><v>#N/A</v></c></row>'
    assert cells(row, texts) == [["a b", "x\ny_z", "c", "#N/A"]]


FILLED = [["url"], ["https://a.b"]]
ROW = "<worksheet><sheetData>{}</sheetData></worksheet>"
TEXT_ROW = '<row><c t="s"><v>7</v></c></row>'
BILLION = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "two sheets": (lambda: openpyxl_workbook(One=FILLED, Two=FILLED), "2 sheets have rows ('One', 'Two')"),
    "nothing": (lambda: openpyxl_workbook(One=[]), "The spreadsheet has no rows"),
    "another zip": (lambda: zip_parts({"a.txt": "x"}), DAMAGED),
    "no workbook": (lambda: zip_parts({"_rels/.rels": "<Relationships/>"}), DAMAGED),
    "half a file": (lambda: openpyxl_workbook(One=FILLED)[:-400], DAMAGED),
    "only a beginning": (lambda: b"PK\x03\x04" + bytes(100), DAMAGED),
    "broken XML": (lambda: raw_workbook("<worksheet><row>"), DAMAGED),
    "entities": (
        lambda: raw_workbook(BILLION + ROW.format("<row><c><v>&b;</v></c></row>")),
        DOCTYPE,
    ),
    "entities in texts": (lambda: raw_workbook(ROW.format(TEXT_ROW), BILLION + "<sst/>"), DOCTYPE),
    "no such text": (
        lambda: raw_workbook(ROW.format(TEXT_ROW)),
        DAMAGED,
    ),
    "no number": (
        lambda: raw_workbook(ROW.format("<row><c><v>x</v></c></row>")),
        DAMAGED,
    ),
    "far right": (
        lambda: raw_workbook(ROW.format('<row><c r="ZZZZ1"><v>1</v></c></row>')),
        "The spreadsheet is damaged: cell ZZ",
    ),
    "far down": (lambda: raw_workbook(ROW.format('<row r="9999999"/>')), "The spreadsheet is damaged: row 9999999"),
    "back": (
        lambda: raw_workbook(ROW.format('<row r="2"/><row r="1"/>')),
        "The spreadsheet is damaged: row 1 follows row 2",
    ),
    "long text": (
        lambda: raw_workbook(ROW.format(f"<row><c><v>{'1' * (LONGEST_TEXT + 1)}</v></c></row>")),
        "A cell of the spreads",
    ),
    "a bomb": (lambda: raw_workbook(ROW.format(" " * (20 << 20))), "The spreadsheet grows more than 200 times"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_workbook_that_cannot_be_read_says_why(name: str) -> None:
    write_book, message = REFUSED[name]
    with pytest.raises(Unreadable) as caught:
        table(write_book(), largest=25 << 20)
    assert str(caught.value).startswith(message)


def test_a_workbook_that_is_too_large_is_refused() -> None:
    numbers = "".join(map(str, range(1_500_000 // 6)))
    with pytest.raises(Unreadable, match=r"^The spreadsheet is larger than"):
        table(raw_workbook(ROW.format(numbers)), largest=1 << 20)


def shared_text_workbook(cell: str, text: str) -> bytes:
    sheet = f"<worksheet><sheetData>{cell}</sheetData></worksheet>"
    return raw_workbook(sheet, f"<sst><si><t>{text}</t></si></sst>")


def test_a_sheet_whose_cells_repeat_one_long_text_may_not_grow_without_end() -> None:
    row = "<row><c t='s'><v>0</v></c></row>"
    assert len(table(shared_text_workbook(row * 200, "x" * LONGEST_TEXT))) == 200
    with pytest.raises(Unreadable, match=r"^The sheet grows to more than [0-9,]+ bytes"):
        table(shared_text_workbook(row * 500, "x" * LONGEST_TEXT))


def test_a_row_whose_cells_repeat_one_long_text_is_never_in_memory() -> None:
    cells = "<c t='s'><v>0</v></c>" * 100
    with pytest.raises(Unreadable, match=r"^A row of the spreadsheet has more than"):
        table(shared_text_workbook(f"<row>{cells}</row>", "x" * LONGEST_TEXT))


def test_rows_of_empty_cells_may_not_grow_without_end() -> None:
    row = '<row><c r="XFD{0}"><v>1</v></c></row>'
    with pytest.raises(Unreadable, match=r"^The sheet grows to more than"):
        cells("".join(row.format(at) for at in range(1, 2_000)))


def test_a_directory_that_claims_any_size_is_not_read() -> None:
    many = {f"{at:060}": "" for at in range(20_000)}
    with pytest.raises(Unreadable, match="too many parts"):
        table(zip_parts(many))


@pytest.mark.parametrize("shift", [5_000, -5_000])
def test_a_directory_that_names_places_outside_of_the_file_is_damaged(tmp_path: Path, shift: int) -> None:
    """With a real file: it raises another error than a file in memory."""
    book = bytearray(raw_workbook("<worksheet/>"))
    at = book.rindex(b"PK\5\6") + 16  # where the directory begins
    (begin,) = struct.unpack_from("<I", book, at)
    struct.pack_into("<I", book, at, max(0, begin + shift))
    (tmp_path / "book.xlsx").write_bytes(book)
    with (
        (tmp_path / "book.xlsx").open("rb") as file,
        pytest.raises(Unreadable, match="damaged"),
        workbook.open_workbook(file, 1 << 30, lambda: None),
    ):
        pass


def test_empty_sheets_and_charts_beside_the_rows_do_not_matter() -> None:
    assert table(openpyxl_workbook(Empty=[], Links=FILLED, Blank=[[None, ""]])) == FILLED


@pytest.mark.slow
def test_a_large_sheet_needs_no_memory_of_its_own(tmp_path: Path) -> None:
    """Every text in it another one, shared and inline: 50,000 rows must cost what 500 do."""
    peaks = {}
    for count in (500, 50_000):
        rows = [["url", "title"], *([f"https://example.com/{at}?{'x' * 200}", f"Title {at}"] for at in range(count))]
        (tmp_path / "book.xlsx").write_bytes(xlsxwriter_workbook(rows))
        peaks[count] = peak(tmp_path / "book.xlsx")
    assert peaks[50_000] < peaks[500] + 8, peaks
    assert peaks[50_000] < MOST_MB


def peak(path: Path) -> int:
    """MB that a process of its own needs at most."""
    read = (
        "import sys; from producer.intake.xlsx import workbook\n"
        "with open(sys.argv[1], 'rb') as file, workbook.open_workbook(file, 1 << 30, lambda: None) as book:\n"
        "    for _ in workbook.as_csv(book, workbook.choose_sheet(book)): pass\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", read, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return int(run.stdout) // 1024
