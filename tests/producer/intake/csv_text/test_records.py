import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.intake.csv_text import records as module
from producer.intake.csv_text.records import (
    LONE_RETURN,
    UNCLOSED_QUOTE,
    Record,
    leaves_quote_open,
    split_records,
)
from producer.intake.layouts import CSV, Layout
from producer.intake.reading import read_batch

CELLS = st.text(st.sampled_from('a,"\n\r \x0b\x85\u2028é'), max_size=6)


def read(text: str) -> list[Record]:
    return list(split_records(text.removesuffix("\n").split("\n")))


@given(st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=8))
def test_what_a_csv_writer_writes_is_read_back(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    assert [record.cells for record in read(out.getvalue())] == rows


def test_a_field_may_span_lines_and_the_next_record_begins_after_them() -> None:
    assert read('a,"b\n\nc"\nd,e') == [Record(0, 3, ["a", "b\n\nc"]), Record(3, 1, ["d", "e"])]


def test_blank_lines_are_skipped_and_counted() -> None:
    assert [record.at for record in read("\na\n\r\n\nb\n\n")] == [1, 4]


def test_a_line_of_blanks_is_a_record() -> None:
    assert read("a\n  \nb")[1].cells == ["  "]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
@pytest.mark.parametrize("broken", ['x,"oops', 'x,"oops"y', '"x,oops', 'x"y,"oops', '"a"b,"oops'])
def test_an_unclosed_quote_fails_its_own_row_and_no_other(broken: str, place: int) -> None:
    rows = ["a,1", 'b,"2"', "c,3"]
    records = read("\n".join([*rows[:place], broken, *rows[place:]]))
    assert [record.at for record in records] == [0, 1, 2, 3]
    others = [record.cells for at, record in enumerate(records) if at != place]
    assert others == [["a", "1"], ["b", "2"], ["c", "3"]]


def test_two_stray_quotes_do_not_swallow_the_rows_between_them() -> None:
    records = read('a,"oops\nb,2\nc,"three"\nd,4')
    assert [record.cells for record in records] == [None, ["b", "2"], ["c", "three"], ["d", "4"]]
    assert records[0].problem == UNCLOSED_QUOTE


def test_a_field_that_spans_too_many_lines_fails_only_its_first_line() -> None:
    lines = ['a,"begins', *["x,y"] * module.LONGEST_RECORD, 'ends"']
    records = list(split_records(lines))
    assert (records[0].cells, records[0].lines, records[1].cells) == (None, 1, ["x", "y"])
    assert len(records) == len(lines)


def test_a_quote_that_opens_on_a_very_long_line_is_still_open() -> None:
    lines = [",".join(["x" * 1000] * 300) + ',"open', 'b,"2"']
    assert [record.cells for record in split_records(lines)] == [None, ["b", "2"]]


def test_a_lone_carriage_return_fails_only_its_row() -> None:
    records = read("a,b\rc,d\ne,f\r\n")
    assert [(record.cells, record.problem) for record in records] == [(None, LONE_RETURN), (["e", "f"], "")]


@pytest.mark.parametrize("last", ["b,c", 'b,"c"'])
def test_a_very_long_cell_is_read_whatever_is_beside_it(last: str) -> None:
    long = "x" * (module.LARGEST_RECORD + 1)
    assert [record.cells for record in read(f"a,{long}\n{last}")] == [["a", long], ["b", "c"]]
    layout = Layout(CSV, columns=["url", "title"], client_columns=2, mapping={"url": 0, "title": 1})
    records = read_batch(f"a,{long}\n{last}\n".encode(), layout, 1, 0, 2)
    assert (records.columns["title"], records.problems) == ([long, "c"], {})


@pytest.mark.parametrize(
    ("line", "open_"),
    [
        ("a,b", False),
        ('a,"b"', False),
        ('a,"b', True),
        ('a"b', False),
        ('"a""', True),
        ('"a"b,"c', True),
        ('""', False),
    ],
)
def test_a_quote_is_open_when_the_next_line_would_belong_to_it(line: str, open_: bool) -> None:
    assert leaves_quote_open(line) is open_
