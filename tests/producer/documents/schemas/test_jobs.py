"""The options of an upload, and the queries of lists of jobs and items."""

from typing import Any

import pytest

from producer.documents.schemas import ItemsQuerySchema, JobOptionsSchema, JobsQuerySchema


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize("metadata", [{}, {"a": [1, {"b": None}]}, {"a": "x" * 65_000}, nested(32)])
def test_metadata_may_be_any_json_of_some_size(metadata: dict[str, Any]) -> None:
    assert JobOptionsSchema().validate({"metadata": metadata}) == {}


@pytest.mark.parametrize(
    "metadata", [{"a": "x" * 66_000}, {"a": float("nan")}, {"a": float("inf")}, nested(33), {"a": [nested(40)]}]
)
def test_metadata_that_is_too_large_too_deep_or_not_json_is_refused(metadata: dict[str, Any]) -> None:
    assert "metadata" in JobOptionsSchema().validate({"metadata": metadata})


def test_metadata_that_is_nested_beyond_recursion_is_refused() -> None:
    assert "metadata" in JobOptionsSchema().validate({"metadata": nested(100_000)})


def test_an_unknown_option_is_refused() -> None:
    assert "colour" in JobOptionsSchema().validate({"colour": "red"})


@pytest.mark.parametrize(("schema", "limit"), [(JobsQuerySchema, 50), (ItemsQuerySchema, 100)])
def test_lists_have_a_cursor_and_a_limit(schema: Any, limit: int) -> None:
    assert schema().load({})["limit"] == limit
    assert "cursor" in schema().validate({"cursor": "-1"})
    assert "cursor" in schema().validate({"cursor": "9" * 19})
    assert schema().validate({"cursor": "9" * 18, "limit": 1000}) == {}
    assert "limit" in schema().validate({"limit": 1001})
