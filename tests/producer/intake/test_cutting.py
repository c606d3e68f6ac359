import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import Unreadable
from producer.intake import cutting
from producer.intake.batch import ItemProblem
from producer.intake.csv_text import cells, records
from producer.intake.cutting import ShardRange
from producer.intake.detection import detect_layout
from producer.intake.layouts import CSV, NDJSON, Layout
from producer.intake.reading import read_batch
from tests.examples import examples

Row = tuple[int, tuple[str, str], ItemProblem | None]

LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "a,b",
                '"a","b"',
                '"a\n\nb",c',
                'x,"oops',
                '"',
                '""',
                '"a""b",c',
                "",
                "\r",
                "a,b\r",
                '"a"\r"b"',
                "é,ü",
                "a\rb,c",
            ]
        ),
        st.text(st.sampled_from('a,"\n\ré'), max_size=8),
    ),
    max_size=25,
)


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, length: data[offset : offset + length]


def shards(data: bytes, shard_rows: int, format_: str = CSV) -> tuple[Layout, list[ShardRange]]:
    layout = detect_layout(data, format_, shard_rows, {})
    return layout, list(cutting.cut(reader(data), layout))


def rows(data: bytes, layout: Layout, shard: ShardRange) -> list[Row]:
    batch = read_batch(data[shard.offset : shard.offset + shard.length], layout, shard.line, 0, shard.rows)
    assert batch.rows == shard.rows == len(batch.lines)
    urls, titles = batch.columns["url"], batch.columns["title"]
    return [(batch.lines[at], (urls[at], titles[at]), batch.problems.get(at)) for at in range(batch.rows)]


@contextmanager
def blocks_of(size: int) -> Iterator[None]:
    """As if a file of a few hundred bytes were one of many megabytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "BLOCK_BYTES", size)
        patch.setattr(cutting, "LARGEST_RECORD", 12)
        patch.setattr(cells, "LARGEST_RECORD", 12)
        patch.setattr(cells, "LONGEST_RECORD", 4)
        patch.setattr(records, "LARGEST_RECORD", 12)
        patch.setattr(records, "LONGEST_RECORD", 4)
        yield


@settings(max_examples=examples(400), deadline=None)
@given(LINES, st.integers(1, 4), st.integers(1, 60), st.booleans(), st.sampled_from(",;\t|"))
def test_shards_together_have_all_rows_wherever_blocks_end(
    lines: list[str], shard_rows: int, block: int, ended: bool, delimiter: str
) -> None:
    text = "url,title\n" + "\n".join(lines) + ("\n" if ended else "")
    data = text.replace(",", delimiter).encode()
    with blocks_of(10_000):
        layout, whole = shards(data, 1_000)
        expected = [row for shard in whole for row in rows(data, layout, shard)]
    with blocks_of(block):
        layout, ranges = shards(data, shard_rows)
        assert [row for shard in ranges for row in rows(data, layout, shard)] == expected
    assert [shard.first_index for shard in ranges] == list(range(0, len(expected), shard_rows))
    assert [shard.rows for shard in ranges[:-1]] == [shard_rows] * (len(ranges) - 1)
    assert all(before.offset + before.length == after.offset for before, after in itertools.pairwise(ranges))


@settings(max_examples=examples(200), deadline=None)
@given(LINES, st.integers(1, 30), st.sampled_from(",;\t|"))
def test_the_fast_way_finds_the_same_rows_as_the_slow_one(lines: list[str], block: int, delimiter: str) -> None:
    text = ("\n".join(lines) + "\n").replace(",", delimiter).encode()
    newlines = np.flatnonzero(np.frombuffer(text, np.uint8) == cells.NEWLINE)
    with blocks_of(block):
        slow = cutting._rows_of_records(text, delimiter, is_last=True)
        fast = cutting._find_rows(text, Layout(CSV, delimiter=delimiter), is_last=True)
    assert fast.starts.tolist() == slow.starts.tolist()
    assert fast.lines.tolist() == slow.lines.tolist()
    assert newlines.size >= slow.lines.size


@pytest.mark.parametrize("shard_rows", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("at", range(6))
def test_an_unclosed_quote_fails_one_row_at_any_border(at: int, shard_rows: int) -> None:
    lines = [f'u{place},"t{place}"' for place in range(6)]
    lines[at] = 'bad,"oops'
    data = ("url,title\n" + "\n".join(lines)).encode()
    layout, ranges = shards(data, shard_rows)
    read = [row for shard in ranges for row in rows(data, layout, shard)]
    assert [line for line, _, problem in read if problem] == [at + 2]
    assert [line for line, _, _ in read] == [2, 3, 4, 5, 6, 7]
    problem = read[at][2]
    assert problem is not None
    assert problem.code == "MALFORMED_ROW"
    assert f"Line {at + 2}:" in problem.message


def test_a_block_that_ends_with_a_quote_is_cut_like_any_other() -> None:
    data = b"url,title\n" + b'"a","b"\n' * 50
    for block in range(8, 40):
        with blocks_of(block):
            ranges = shards(data, 7)[1]
            assert sum(shard.rows for shard in ranges) == 50


def test_characters_of_many_bytes_do_not_shorten_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "BLOCK_BYTES", 1 << 21)
    filler = ("a," + "b" * 97 + "\n") * 12_000
    field = ("😀" * 1_300 + "\n") * 185
    data = f'url,title\n{filler}u,"{field}"\n'.encode()
    layout, (ranges,) = shards(data, 1_000_000)
    assert rows(data, layout, ranges)[-1] == (12_002, ("u", field), None)


def test_lines_are_counted_through_blank_lines_and_quoted_newlines() -> None:
    data = b'\xef\xbb\xbfurl,title\r\n\r\na,"1\r\n2"\r\n\n\nb,3\r\n'
    layout, ranges = shards(data, 1)
    assert [(shard.line, shard.rows) for shard in ranges] == [(3, 1), (7, 1)]
    assert [row[:2] for shard in ranges for row in rows(data, layout, shard)] == [(3, ("a", "1\r\n2")), (7, ("b", "3"))]


def test_a_file_without_rows_has_no_shards() -> None:
    for data in (b"url,title", b"url,title\n", b"url,title\r\n\r\n\n"):
        assert shards(data, 10)[1] == []


@pytest.mark.parametrize("format_", [CSV, NDJSON])
def test_a_line_beyond_the_limit_stops_the_reading_and_is_named(format_: str) -> None:
    first = b"url,title\n" if format_ == CSV else b'{"url":"a"}\n'
    for size, good in ((records.LONGEST_LINE, True), (records.LONGEST_LINE + 1, False)):
        for ahead in (0, 3, 1_000_000):
            data = first + b"a,b\n" * ahead + b"x" * size + b"\nc,d\n"
            if good:
                assert shards(data, 1_000_000, format_)[1][-1].rows
                continue
            with pytest.raises(Unreadable, match=rf"^Line {ahead + 2} is longer than 4,194,304 bytes"):
                shards(data, 1_000_000, format_)


def test_a_repeated_split_cuts_at_the_same_rows() -> None:
    data = b"url,title\n" + b'a,"b"\nc,d\n' * 500
    layout, once = shards(data, 7)
    assert list(cutting.cut(reader(data), replace(layout))) == once


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=40), st.integers(1, 200), st.integers(1, 60))
def test_a_shard_ends_at_the_limit_of_bytes_and_has_at_least_one_row(sizes: list[int], most: int, block: int) -> None:
    data = "url,title\n" + "".join(f"{'x' * size},y\n" for size in sizes)
    with blocks_of(block):
        layout = replace(shards(data.encode(), 1_000)[0], shard_bytes=most)
        ranges = list(cutting.cut(reader(data.encode()), layout))
    assert all(shard.rows == 1 or shard.length < most + 93 for shard in ranges)
    assert all(before.length >= most for before in ranges[:-1])
    assert sum(shard.rows for shard in ranges) == len(sizes)
    assert all(before.offset + before.length == after.offset for before, after in itertools.pairwise(ranges))


def test_the_wider_a_file_the_fewer_rows_a_shard_has() -> None:
    assert detect_layout(b"url" + b",x" * 9_999, CSV, 25_000, {}).shard_rows == 100
    assert detect_layout(b"url,title", CSV, 25_000, {}).shard_rows == 25_000
