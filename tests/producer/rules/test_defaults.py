"""Defaults fill what rows lack, and are judged when the job is accepted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.errors import Invalid
from models.links import passwords
from producer.intake.batch import Batch
from producer.intake.detection import detect_layout
from producer.intake.layouts import CSV, NDJSON
from producer.intake.reading import read_batch
from producer.rules import defaults
from producer.rules.defaults import PasswordHash
from producer.rules.judging import JudgingContext

CONTEXT = JudgingContext(frozenset({"sho.rt"}), {"news": 1}, datetime(2027, 1, 1, tzinfo=UTC))


def batch(text: str, kind: str = CSV) -> Batch:
    data = text.encode()
    layout = detect_layout(data, kind, 100, {})
    body = data[layout.offset :]
    return read_batch(body, layout, layout.line, 0, body.count(b"\n"))


def filled(rows: Batch, first_index: int = 0, **values: Any) -> dict[str, list[Any]]:
    return defaults.fill(rows, values, first_index).columns


def errors(**values: Any) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        defaults.check(values, CONTEXT)
    return [(error["pointer"], error["code"]) for error in caught.value.errors]


def test_a_default_fills_empty_cells_only() -> None:
    assert filled(batch("url,title\na,mine\nb,\n"), title="theirs")["title"] == ["mine", "theirs"]


def test_a_default_adds_a_column_that_the_file_lacks() -> None:
    assert filled(batch("url\na\nb\n"), group="news")["group"] == ["news", "news"]


def test_in_json_null_is_filled_and_an_empty_text_is_kept() -> None:
    rows = batch('{"url":"a","title":null}\n{"url":"b","title":""}\n{"url":"c"}\n', NDJSON)
    assert filled(rows, title="x")["title"] == ["x", "", "x"]


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_empty_default_fills_nothing(nothing: Any) -> None:
    assert "title" not in filled(batch("url\na\n"), title=nothing)


def test_placeholders_stand_for_the_index_row_and_line() -> None:
    columns = filled(batch("url\na\n\nb\n"), first_index=10, slug="s-{index}", title="{row} at {line}, 100%")
    assert columns["slug"] == ["s-10", "s-11"]
    assert columns["title"] == ["11 at 2, 100%", "12 at 4, 100%"]


def test_a_placeholder_of_an_external_id_fills_only_rows_that_have_one() -> None:
    assert filled(batch("url,external_id\na,7\nb,\n"), slug="p-{external_id}")["slug"] == ["p-7", None]


def test_a_default_external_id_may_be_used_by_other_defaults() -> None:
    columns = filled(batch("url\na\nb\n"), slug="p-{external_id}", external_id="{row}")
    assert columns["slug"] == ["p-1", "p-2"]


def test_a_field_without_patterns_keeps_its_braces() -> None:
    assert filled(batch("url\na\n"), group="{index}")["group"] == ["{index}"]


def test_a_row_that_ends_by_itself_gets_no_default_end() -> None:
    rows = batch("url,ttl,expires_at\na,60,\nb,,2030-01-01\nc,,\n")
    columns = filled(rows, expires_at="2040-01-01")
    assert columns["expires_at"] == ["", "2030-01-01", "2040-01-01"]
    assert filled(rows, ttl=5)["ttl"] == ["60", "", 5]


def test_an_unreadable_row_gets_no_external_id() -> None:
    rows = batch("url,title\na,x\nb,y,z\n")
    assert filled(rows, external_id="{row}")["external_id"] == ["1", None]


def test_a_control_character_in_a_default_makes_the_batch_unclean() -> None:
    rows = batch("url\na\n")
    assert defaults.fill(rows, {"title": "a"}, 0).clean
    assert not defaults.fill(rows, {"title": "a\tb"}, 0).clean


def test_a_default_password_is_stored_and_used_as_a_hash() -> None:
    stored = defaults.for_storage({"password": "secret", "title": "x"})
    assert passwords.verify("secret", stored["password"])
    assert stored["title"] == "x"
    [value] = filled(batch("url\na\n"), password=stored["password"])["password"]
    assert isinstance(value, PasswordHash)


def test_good_defaults_are_accepted() -> None:
    defaults.check({"slug": "s-{index}", "group": "news", "tags": ["a"], "ttl": 60, "password": "x"}, CONTEXT)
    defaults.check({"url": "https://a.b/", "utm_source": "mail"}, CONTEXT)


def test_each_invalid_default_is_named() -> None:
    assert errors(title="x" * 501, colour="red", ttl="60") == [
        ("/defaults/colour", "UNKNOWN_FIELD"),
        ("/defaults/title", "INVALID_TITLE"),
        ("/defaults/ttl", "INVALID_TYPE"),
    ]


def test_an_unknown_placeholder_is_named() -> None:
    assert errors(slug="s-{nothing}") == [("/defaults/slug", "UNKNOWN_PLACEHOLDER")]
    assert errors(external_id="{external_id}") == [("/defaults/external_id", "UNKNOWN_PLACEHOLDER")]


def test_the_message_about_a_placeholder_lists_those_that_there_are() -> None:
    with pytest.raises(Invalid) as caught:
        defaults.check({"external_id": "{" + "x" * 70 + "}"}, CONTEXT)
    expected = "{" + "x" * 64 + "} is not a placeholder. Use one of {index}, {row}, {line}."
    assert [error["message"] for error in caught.value.errors] == [expected]


def test_a_default_may_be_made_of_the_external_id() -> None:
    defaults.check({"slug": "{external_id}", "title": "{external_id} {line}"}, CONTEXT)
    rows = batch("url,external_id\na,x\nb,\n")
    assert filled(rows, title="{external_id}")["title"][0] == "x"


def test_defaults_that_are_invalid_together_are_named() -> None:
    assert errors(ttl=60, expires_at="2030-01-01") == [("/defaults/ttl", "INVALID_TTL")]
    assert errors(group="other") == [("/defaults/group", "UNKNOWN_GROUP")]
    assert errors(url="https://sho.rt/x") == [("/defaults/url", "BLOCKED_URL")]
