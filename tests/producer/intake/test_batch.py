from typing import Any

import pytest

from producer.intake.batch import Batch
from producer.intake.detection import detect_layout
from producer.intake.layouts import COUNT, CSV, NDJSON
from producer.intake.reading import read_batch


def csv(text: str | bytes, **mapping: str) -> Batch:
    data = text if isinstance(text, bytes) else text.encode()
    layout = detect_layout(data, CSV, 100, mapping)
    found = read_batch(data[layout.offset :], layout, layout.line, 0, 1000)
    return read_batch(data[layout.offset :], layout, layout.line, 0, found.rows)


def ndjson(data: str | bytes) -> Batch:
    data = data if isinstance(data, bytes) else data.encode()
    layout = detect_layout(data, NDJSON, 100, {})
    return read_batch(data[layout.offset :], layout, 1, 0, 1000)


def codes(found: Batch) -> dict[int, str]:
    return {place: problem.code for place, problem in found.problems.items()}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_plain_rows_become_columns(newline: str, quote: str) -> None:
    rows = [f"{quote}{name}{quote},{quote}{title}{quote}" for name, title in (("url", "title"), ("a", "A"), ("b", ""))]
    found = csv(newline.join(rows))
    assert found.columns == {"url": ["a", "b"], "title": ["A", ""]}
    assert (list(found.lines), found.problems, found.clean) == ([2, 3], {}, True)


def test_line_ends_may_be_mixed() -> None:
    found = csv("url,title\r\na,A\nb,B\r\nc,C")
    assert found.columns == {"url": ["a", "b", "c"], "title": ["A", "B", "C"]}


def test_columns_may_stand_in_any_order_and_unknown_ones_are_ignored() -> None:
    found = csv("note,Title,URL\nx,A,a\n")
    assert found.columns == {"url": ["a"], "title": ["A"]}


@pytest.mark.parametrize("row", ["a", "a,b,c,d", '"a"', '"a",b,c,"d"'])
def test_a_short_or_long_row_fails_with_its_line_and_the_others_go_on(row: str) -> None:
    found = csv(f"url,title,slug\nx,y,z\n\n{row}\nx,y,z\n")
    assert codes(found) == {1: "MALFORMED_ROW"}
    assert found.problems[1].message.startswith("Line 4: ")
    assert list(found.lines) == [2, 4, 5]
    assert found.columns["url"] == ["x", "", "x"]
    assert found.raw(1) == {"row": row}


def test_bytes_that_are_not_utf8_cost_their_row() -> None:
    found = csv(b"url,title\na,\xc3\xa9\nb,\xe9\nc,d\n")
    assert (codes(found), found.columns["url"]) == ({1: "MALFORMED_ROW"}, ["a", "", "c"])
    assert "Line 3" in found.problems[1].message


def test_an_unreadable_row_keeps_its_beginning_but_never_where_passwords_are() -> None:
    assert csv("url,title\n" + "x" * 500).raw(0) == {"row": "x" * 300}
    assert csv("url,password\nhunter2\n").raw(0) == {"row": ""}


def test_control_characters_are_seen() -> None:
    assert not csv("url,title\na,b\tc\n").clean
    assert not csv("url,title\na,b\x7f\n").clean
    assert csv("url,title\r\na,b\r\n").clean


def test_a_part_of_a_shard_is_read_after_its_sister() -> None:
    data = b'url,title\na,1\n\nb,"2\n"\nc,3\n'
    layout = detect_layout(data, CSV, 100, {})
    found = read_batch(data[layout.offset :], layout, layout.line, 1, 2)
    assert (found.columns["url"], list(found.lines)) == (["b", "c"], [4, 6])


def test_results_that_come_back_lose_our_columns_and_apostrophes() -> None:
    found = csv(
        "url,title,line,status,short_url,slug,error_code,error_message\na,'=1,2,failed,,kept,X,why\nb,''=1,3,failed,,,X,y\nc,'quoted',4,failed,,,X,y\n"
    )
    assert found.columns == {"url": ["a", "b", "c"], "title": ["=1", "'=1", "'quoted'"]}
    assert csv("url,title\na,'=1\n").columns["title"] == ["'=1"]


def test_a_slug_column_of_the_clients_own_stays_theirs() -> None:
    found = csv("url,slug,line,status,short_url,result_slug,error_code,error_message\na,mine,2,failed,,ours,X,why\n")
    assert found.columns == {"url": ["a"], "slug": ["mine"]}


def test_json_lines_keep_their_types() -> None:
    found = ndjson('{"url":"a","ttl":5}\r\n\n{"url":"b","tags":["x"]}')
    assert found.columns == {"url": ["a", "b"], "ttl": [5, None], "tags": [None, ["x"]]}
    assert (list(found.lines), found.typed) == ([1, 3], True)


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "1",
        '"a"',
        "null",
        "{",
        '{"url":"a"',
        '{"url":NaN}',
        '{"a":1e999}',
        "[" * 5000,
        '{"a":' * 5000,
    ],
)
def test_a_line_that_is_no_object_costs_its_row(line: str) -> None:
    found = ndjson(f'{{"url":"a"}}\n{line}\n{{"url":"b"}}\n')
    assert codes(found) == {1: "MALFORMED_ROW"}
    assert found.problems[1].message.startswith("Line 2: ")
    assert found.columns["url"] == ["a", None, "b"]


@pytest.mark.parametrize(
    ("escaped", "read"),
    [
        (r"\ud800", "\0"),
        (r"x\uDFFFy", "x\0y"),
        (r"\ud83d\ude00\ud83d", "😀\0"),
        (r"\ude00\ud83d", "\0\0"),
        (r"\\ud800", r"\ud800"),
        (r"\\\ud800", "\\\0"),
        (r"\ud800\n\u0041", "\0\nA"),
    ],
)
def test_half_a_surrogate_pair_is_a_character_that_no_rule_lets_through(escaped: str, read: str) -> None:
    found = ndjson(f'{{"url":"a","title":"{escaped}"}}\n{{"url":"b"}}\n')
    assert (found.columns["title"], found.problems) == ([read, None], {})


def test_json_that_is_not_utf8_costs_its_row() -> None:
    assert codes(ndjson(b'{"url":"\xff"}\n{"url":"b"}\n')) == {0: "MALFORMED_ROW"}


def test_an_unknown_field_is_named() -> None:
    found = ndjson('{"url":"a","lug":1}\n{"url":"b"}\n')
    assert codes(found) == {0: "UNKNOWN_FIELD"}
    assert "lug" in found.problems[0].message


def test_json_results_that_come_back_lose_what_we_added() -> None:
    ours = '"line":1,"status":"failed","short_url":null,"result_slug":null,"error_code":"X","error_message":"why"'
    found = ndjson(f'{{"url":"a","slug":"mine",{ours}}}\n')
    assert (found.columns, found.problems) == ({"url": ["a"], "slug": ["mine"]}, {})


def test_a_row_of_json_that_cannot_be_read_never_shows_a_password() -> None:
    assert ndjson('{"url":"a","password":"hunter2"').raw(0) == {"row": ""}
    assert ndjson("oops").raw(0) == {"row": "oops"}


def test_escapes_may_hide_control_characters() -> None:
    assert not ndjson('{"url":"a\\u0000"}').clean
    assert ndjson('{"url":"a"}').clean


def test_one_item_stands_for_as_many_as_were_counted() -> None:
    layout = detect_layout(b'{"url":"a","ttl":5}', COUNT, 100, {})
    found = read_batch(b'{"url":"a","ttl":5}', layout, 1, 0, 3)
    assert (found.rows, found.columns, list(found.lines)) == (3, {"url": ["a"] * 3, "ttl": [5] * 3}, [1] * 3)
    assert found.raw(2) == {"url": "a", "ttl": 5}


def test_a_counted_item_that_cannot_be_read_fails_every_time() -> None:
    layout = detect_layout(b'{"lug":1}', COUNT, 100, {})
    found: Any = read_batch(b'{"url":"a","lug":1}', layout, 1, 0, 2)
    assert codes(found) == {0: "UNKNOWN_FIELD", 1: "UNKNOWN_FIELD"}
