import pytest

from producer.intake.batch import Batch, ItemProblem
from producer.intake.detection import detect_layout
from producer.intake.layouts import NDJSON, PREPARED, Layout
from producer.intake.reading import read_batch


def ndjson(data: str | bytes) -> Batch:
    data = data if isinstance(data, bytes) else data.encode()
    layout = detect_layout(data, NDJSON, 100, {})
    return read_batch(data[layout.offset :], layout, 1, 0, 1000)


def codes(batch: Batch) -> dict[int, str]:
    return {place: problem.code for place, problem in batch.problems.items()}


def test_json_lines_keep_their_types() -> None:
    batch = ndjson('{"url":"a","ttl":5}\r\n\n{"url":"b","tags":["x"]}')
    assert batch.columns == {"url": ["a", "b"], "ttl": [5, None], "tags": [None, ["x"]]}
    assert (list(batch.lines), batch.typed) == ([1, 3], True)


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
def test_a_line_that_is_not_an_object_fails_only_its_row(line: str) -> None:
    batch = ndjson(f'{{"url":"a"}}\n{line}\n{{"url":"b"}}\n')
    assert codes(batch) == {1: "MALFORMED_ROW"}
    assert batch.problems[1].message.startswith("Line 2: ")
    assert batch.columns["url"] == ["a", None, "b"]


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
def test_an_unpaired_surrogate_becomes_nul_which_no_rule_accepts(escaped: str, read: str) -> None:
    batch = ndjson(f'{{"url":"a","title":"{escaped}"}}\n{{"url":"b"}}\n')
    assert (batch.columns["title"], batch.problems) == ([read, None], {})


def test_json_that_is_not_utf8_fails_only_its_row() -> None:
    assert codes(ndjson(b'{"url":"\xff"}\n{"url":"b"}\n')) == {0: "MALFORMED_ROW"}


def test_an_unknown_field_is_named() -> None:
    batch = ndjson('{"url":"a","lug":1}\n{"url":"b"}\n')
    assert codes(batch) == {0: "UNKNOWN_FIELD"}
    assert "lug" in batch.problems[0].message


def test_result_members_are_removed_from_json_that_comes_back() -> None:
    ours = '"line":1,"status":"failed","short_url":null,"result_slug":null,"error_code":"X","error_message":"why"'
    batch = ndjson(f'{{"url":"a","slug":"mine",{ours}}}\n')
    assert (batch.columns, batch.problems) == ({"url": ["a"], "slug": ["mine"]}, {})
    ours = ours.replace("result_slug", "slug").replace("line", "result_result_line")
    batch = ndjson(f'{{"url":"a","line":1,"result_line":2,{ours}}}\n')
    assert batch.raw(0) == {"url": "a", "line": 1, "result_line": 2}


def test_an_unreadable_line_with_a_password_is_not_kept() -> None:
    assert ndjson('{"url":"a","password":"hunter2"').raw(0) == {"row": ""}
    assert ndjson("oops").raw(0) == {"row": "oops"}


def test_a_batch_with_escapes_is_not_clean() -> None:
    assert not ndjson('{"url":"a\\u0000"}').clean
    assert ndjson('{"url":"a"}').clean


def test_a_prepared_row_carries_its_problem() -> None:
    data = b'{"url":"a","refused":["LIMIT_REACHED","too many"]}\n{"url":"b"}\n'
    batch = read_batch(data, Layout(PREPARED), 1, 0, 2)
    assert batch.problems == {0: ItemProblem("LIMIT_REACHED", "too many")}
    assert batch.columns == {"url": ["a", "b"]}
