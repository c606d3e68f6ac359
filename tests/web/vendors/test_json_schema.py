"""Schemas of vendors' JSON: which values they accept."""

from typing import Any

import jsonschema_rs
import pytest

from web.vendors import json_schema
from web.vendors.json_schema import INTEGER, TEXT, Schema, any_of, array_of, json_object

LINK = json_object({"url": TEXT}, {"clicks": INTEGER})


def accepts(schema: Schema, value: Any) -> bool:
    return jsonschema_rs.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("value", [{"url": "a"}, {"url": "a", "clicks": 1}, {"url": "a", "other": [1]}])
def test_an_object_may_lack_what_is_optional_and_have_other_members(value: Any) -> None:
    assert accepts(LINK, value)


@pytest.mark.parametrize("value", [{}, {"clicks": 1}, {"url": 1}, {"url": "a", "clicks": "1"}, ["url"], None])
def test_an_object_needs_what_is_required_each_with_its_type(value: Any) -> None:
    assert not accepts(LINK, value)


def test_a_schema_without_optional_members_is_complete() -> None:
    assert accepts(json_object({"url": TEXT}), {"url": "a"})
    assert not accepts(json_object({"url": TEXT}), {"url": 1})


def test_every_element_of_an_array_has_its_schema() -> None:
    assert accepts(array_of(TEXT), [])
    assert accepts(array_of(TEXT), ["a", "b"])
    assert not accepts(array_of(TEXT), ["a", 1])
    assert not accepts(array_of(TEXT), "a")


def test_one_schema_of_several_is_enough() -> None:
    assert accepts(any_of(TEXT, LINK), "a")
    assert accepts(any_of(TEXT, LINK), {"url": "a"})
    assert not accepts(any_of(TEXT, LINK), 1)


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("ANYTHING", ["a", 1, 1.5, True, None, [], {}]),
        ("TEXT", ["a"]),
        ("TEXT_OR_NULL", ["a", None]),
        ("INTEGER", [1]),
        ("INTEGER_OR_NULL", [1, None]),
        ("BOOLEAN", [True]),
        ("DATE_TIME", ["a"]),
    ],
)
def test_only_schemas_with_null_in_their_name_accept_null(name: str, accepted: list[Any]) -> None:
    values = ["a", 1, 1.5, True, None, [], {}]
    assert [value for value in values if accepts(getattr(json_schema, name), value)] == accepted
