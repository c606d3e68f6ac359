"""Lines that are copied are those that would be written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.documents.csv_lines import LINE_END, copy_lines, escape_cells, fitted_cells, write_lines
from producer.intake.detection import FormatHints, detect_layout
from producer.intake.formula_cells import FORMULA_STARTS
from producer.intake.layouts import CSV, UTF8, Layout

HEADER = "url,note\n"
CELLS = st.text(st.sampled_from(["a", "ö", "'", " ", "\x00", "\u2028", "＝", *FORMULA_STARTS[:4]]), max_size=3)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=3).map(",".join).filter(bool), min_size=1, max_size=6)


def layout_of(data: bytes, delimiter: str = ",") -> tuple[bytes, Layout]:
    layout = detect_layout(data, CSV, 100, {}, FormatHints(delimiter, UTF8, header=True))
    return data[layout.offset :], layout


@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.data())
def test_lines_are_copied_as_they_would_be_written(
    lines: list[str], end: str, ended: bool, draw: st.DataObject
) -> None:
    text = HEADER + end.join(lines) + end * ended
    data, layout = layout_of(text.encode())
    skip = draw.draw(st.integers(0, len(lines) - 1))
    rows = draw.draw(st.integers(1, len(lines) - skip))
    written = write_lines([*escape_cells(row), ""] for row in fitted_cells(data, layout, skip, rows))
    assert copy_lines(data, layout, skip, rows) == [line.removesuffix(LINE_END) for line in written]


def test_a_plain_line_is_copied() -> None:
    data, layout = layout_of(HEADER.encode() + b"https://a.b/,1\n")
    assert copy_lines(data, layout, 0, 1) == ["https://a.b/,1,"]


def test_one_odd_line_does_not_change_the_others() -> None:
    data, layout = layout_of(HEADER.encode() + b"a,1\nb,=1\nc,'-1,,\n")
    assert copy_lines(data, layout, 0, 3) == ["a,1,", "b,'=1,", "c,''-1,"]


@pytest.mark.parametrize("text", ['"a",1\n', "a,1\n\nb,2\n", "a,1\rb,2\n", "a,\udcff\n"])
def test_lines_that_are_not_rows_are_not_copied(text: str) -> None:
    data, layout = layout_of(HEADER.encode() + text.encode(errors="surrogateescape"))
    assert copy_lines(data, layout, 0, 1) is None


@pytest.mark.parametrize(
    "header", ["url;note", "url,password", "url,line,status,short_url,slug,error_code,error_message"]
)
def test_lines_of_other_columns_are_not_copied(header: str) -> None:
    delimiter = header[3]
    data, layout = layout_of(f"{header}\n{delimiter.join(header)}\n".encode(), delimiter)
    assert copy_lines(data, layout, 0, 1) is None
