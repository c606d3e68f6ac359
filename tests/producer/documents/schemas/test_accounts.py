"""Requests for groups, tags, domains and keys are trimmed and judged by the rules of items."""

from typing import Any

import pytest

from producer.documents.schemas import DomainRequestSchema, GroupRequestSchema, KeyRequestSchema, TagRequestSchema


@pytest.mark.parametrize("schema", [GroupRequestSchema, TagRequestSchema, KeyRequestSchema])
def test_a_name_is_trimmed_and_not_blank(schema: Any) -> None:
    assert schema().load({"name": " summer "})["name"] == "summer"
    for name in ("", " ", "a\0", 5, None):
        assert "name" in schema().validate({"name": name})


@pytest.mark.parametrize(
    ("schema", "longest"), [(GroupRequestSchema, 255), (TagRequestSchema, 50), (KeyRequestSchema, 100)]
)
def test_a_name_has_a_limit(schema: Any, longest: int) -> None:
    assert schema().validate({"name": "x" * longest}) == {}
    assert "name" in schema().validate({"name": "x" * (longest + 1)})


def test_a_hostname_is_normalised() -> None:
    assert DomainRequestSchema().load({"hostname": "GO.Example.com."})["hostname"] == "go.example.com"
    assert "hostname" in DomainRequestSchema().validate({"hostname": "https://go.example.com/"})


@pytest.mark.parametrize("value", ["false", 2, None, "no"])
def test_whether_case_matters_is_true_or_false(value: object) -> None:
    assert DomainRequestSchema().load({"hostname": "go.example"})["case_sensitive"] is True
    assert "case_sensitive" in DomainRequestSchema().validate({"hostname": "go.example", "case_sensitive": value})


def test_an_unknown_field_is_refused() -> None:
    assert "colour" in GroupRequestSchema().validate({"name": "a", "colour": "red"})


@pytest.mark.parametrize(("scopes", "is_valid"), [(["read"], 1), (["read", "write"], 1), ([], 0), (["admin"], 0)])
def test_a_key_has_known_scopes(scopes: list[str], is_valid: bool) -> None:
    assert ("scopes" not in KeyRequestSchema().validate({"name": "a", "scopes": scopes})) == is_valid
