"""The problem of an item as an error of the request that sent it."""

from typing import Any

import pytest

from models.errors import Conflict, Invalid
from producer.rules.item_errors import conflict, invalid, item_error


def pointers(code: str, item: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in item_error(code, "wrong", item).errors]


@pytest.mark.parametrize("code", ["SLUG_TAKEN", "RESERVED_SLUG"])
def test_a_slug_of_another_link_is_a_conflict(code: str) -> None:
    error = item_error(code, "in use", {"url": "https://a.b", "slug": "x"})
    assert isinstance(error, Conflict)
    assert (error.code, str(error)) == (code, "in use")
    assert error.errors == [{"pointer": "/slug", "code": code, "message": "in use"}]


def test_any_other_problem_is_an_invalid_request() -> None:
    error = item_error("INVALID_TITLE", "too long", {"url": "https://a.b", "title": "x" * 501})
    assert isinstance(error, Invalid)
    assert error.code == "INVALID_TITLE"


def test_errors_point_at_every_field_that_breaks_a_rule_of_this_code() -> None:
    long = "x" * 256
    item = {"url": "https://a.b", "utm_source": long, "utm_medium": "mail", "utm_term": long}
    assert pointers("INVALID_UTM", item) == ["/utm_source", "/utm_term"]


def test_fields_that_break_a_rule_together_are_all_named() -> None:
    item = {"url": "https://a.b/" + "x" * 2030, "utm_source": "mail", "utm_term": "shoes", "utm_medium": None}
    assert pointers("INVALID_UTM", item) == ["/utm_source", "/utm_term"]


def test_a_problem_of_the_url_points_at_the_url_even_when_it_is_missing() -> None:
    assert pointers("INVALID_URL", {}) == ["/url"]
    assert pointers("BLOCKED_URL", {"url": "https://sho.rt/"}) == ["/url"]


def test_a_value_of_the_wrong_type_is_found() -> None:
    assert pointers("INVALID_TYPE", {"url": 5, "title": "x", "tags": "a"}) == ["/url", "/tags"]


def test_unknown_fields_are_named_and_escaped() -> None:
    assert pointers("UNKNOWN_FIELD", {"url": "https://a.b", "a/b~c": 1}) == ["/a~1b~0c"]


def test_one_field_can_be_in_conflict_or_invalid() -> None:
    for build, kind in ((conflict, Conflict), (invalid, Invalid)):
        error = build("external_id", "EXTERNAL_ID_TAKEN", "in use")
        assert isinstance(error, kind)
        assert (error.code, str(error)) == ("EXTERNAL_ID_TAKEN", "in use")
        assert error.errors == [{"pointer": "/external_id", "code": "EXTERNAL_ID_TAKEN", "message": "in use"}]
