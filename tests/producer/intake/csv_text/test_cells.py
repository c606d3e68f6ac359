"""The cells that are found at once are those that are read record by record."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.intake.csv_text import cells as module
from producer.intake.csv_text.cells import CsvCells, find_cells
from producer.intake.csv_text.records import Record, split_records

CELLS = st.text(st.sampled_from('a,"\n\r \x0b\x85\u2028é'), max_size=6)
LINES = st.lists(st.lists(CELLS, min_size=1, max_size=3).map(",".join), min_size=1, max_size=8)


def without_returns(text: str) -> str:
    return text.replace("\r", "")


def records_of(text: str) -> list[Record]:
    return list(split_records(text.removesuffix("\n").split("\n")))


def rows_of(cells: CsvCells) -> list[list[str]]:
    return [list(row) for row in zip(*cells.columns(), strict=True)]


@given(LINES.map("\n".join), st.integers(1, 3))
def test_cells_are_those_of_the_records(text: str, width: int) -> None:
    cells = find_cells(text.encode(), ",", width)
    if cells is not None:
        records = records_of(text)
        assert rows_of(cells) == [record.cells for record in records]
        assert list(cells.lines) == [record.at for record in records]


@given(st.lists(st.lists(CELLS.map(without_returns), min_size=2, max_size=2), min_size=1, max_size=8))
def test_what_a_csv_writer_writes_is_found(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(rows)
    cells = find_cells(out.getvalue().encode(), ",", 2)
    assert cells is not None
    assert rows_of(cells) == rows


@pytest.mark.parametrize(
    "text", ["a,b\nc\n", "a,b\rc,d\n", "a\nb,c,d\n", 'a,"b\n', 'a,b"c"\n', 'a,"b"c\n', "a,b\x1f\n", '"a,b\nc,d\n']
)
def test_texts_of_another_form_have_no_cells(text: str) -> None:
    assert find_cells(text.encode(), ",", 2) is None


def test_blank_lines_and_carriage_returns_of_line_ends_are_left_out() -> None:
    cells = find_cells(b'a,b\r\n\r\n\nc,"d\r\ne"\r\nf,', ",", 2)
    assert cells is not None
    assert rows_of(cells) == [["a", "b"], ["c", "d\r\ne"], ["f", ""]]
    assert cells.lines == [0, 3, 5]


def test_cells_are_clean_without_control_characters() -> None:
    for text, is_clean in ((b"a\tb\n", True), (b'a\t"b\n"\n', False), (b"a\tb\x7f\n", False)):
        cells = find_cells(text, "\t", 2)
        assert cells is not None
        assert cells.are_clean() is is_clean


def test_cells_lie_where_their_bounds_say() -> None:
    cells = find_cells(b'ab,"c"\r\nde,', ",", 2)
    assert cells is not None
    starts, ends = cells.bounds(1)
    assert [cells.data[start:end] for start, end in zip(starts, ends, strict=True)] == [b"c", b""]


def test_a_record_that_is_too_long_is_left_to_the_slow_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_RECORD", 3)
    assert find_cells(b'a,"b\n\n"\n', ",", 2) is not None
    assert find_cells(b'a,"b\n\n\n"\n', ",", 2) is None
