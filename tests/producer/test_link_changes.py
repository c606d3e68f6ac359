"""A change to a link is judged by the rules that links are made by."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.errors import Invalid
from models.links import passwords
from models.links.links import Link
from producer.link_changes import LinkChange, link_change
from producer.rules.judging import JudgingContext

NOW = datetime(2027, 1, 1, tzinfo=UTC)
CONTEXT = JudgingContext(frozenset({"sho.rt"}), {"news": 1}, NOW)


def make_link(**values: Any) -> Link:
    fields: dict[str, Any] = dict.fromkeys(Link.__slots__)
    fields |= {"domain_id": 1, "slug": "x", "generation": 2, "workspace_id": 3, "job_id": 4, "created_at": NOW}
    return Link(**fields | {"url": "https://a.b/?x=1"} | values)


def change(link: Link | None = None, **request: Any) -> LinkChange:
    return link_change(link or make_link(), request, CONTEXT)


def error(**request: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        change(**request)
    return caught.value.errors[0]["pointer"], caught.value.code


def test_only_named_fields_change() -> None:
    assert change(title="new") == LinkChange({"title": "new"}, None)
    assert change() == LinkChange({}, None)


def test_values_are_normalised() -> None:
    assert change(url="HTTPS://EXAMPLE.com", max_clicks=5).values == {"url": "https://example.com/", "max_clicks": 5}


@pytest.mark.parametrize(
    ("field", "column"),
    [("title", "title"), ("expires_at", "expires_at"), ("group", "group_id"), ("password", "password_hash")],
)
def test_null_removes_a_value(field: str, column: str) -> None:
    assert change(**{field: None}).values == {column: None}


def test_a_group_becomes_its_number_and_a_password_its_hash() -> None:
    values = change(group="news", password="secret").values
    assert values["group_id"] == 1
    assert passwords.verify("secret", values["password_hash"])


def test_a_ttl_changes_the_expiry() -> None:
    assert change(ttl=60).values == {"expires_at": datetime(2027, 1, 1, 0, 1, tzinfo=UTC)}


def test_utm_fields_change_the_url_that_the_link_has() -> None:
    assert change(utm_source="mail").values == {"url": "https://a.b/?x=1&utm_source=mail"}
    assert change(utm_source=None).values == {}


def test_a_url_that_became_long_when_it_was_encoded_stays_when_something_else_changes() -> None:
    url = "https://a.b/" + "%C3%A9" * 2000
    assert change(make_link(url=url), title="x").values == {"title": "x"}
    assert change(make_link(url=url), utm_term="x").values == {"url": f"{url}?utm_term=x"}


def test_tags_are_replaced_or_removed() -> None:
    assert change(tags=["a", " b "]).tags == ["a", "b"]
    assert change(tags=None).tags == []


def test_a_link_is_disabled_once_and_enabled_again() -> None:
    before = datetime(2026, 1, 1, tzinfo=UTC)
    assert change(make_link(disabled_at=before), disabled=True).values == {"disabled_at": before}
    assert change(disabled=True).values["disabled_at"] is not None
    assert change(make_link(disabled_at=before), disabled=False).values == {"disabled_at": None}


@pytest.mark.parametrize(
    ("request_body", "pointer", "code"),
    [
        ({"slug": "y"}, "/slug", "UNKNOWN_FIELD"),
        ({"clicks": 5}, "/clicks", "UNKNOWN_FIELD"),
        ({"created_at": "2020-01-01"}, "/created_at", "UNKNOWN_FIELD"),
        ({"custom_id": "a"}, "/custom_id", "UNKNOWN_FIELD"),
        ({"comment": "x" * 501}, "/comment", "INVALID_COMMENT"),
        ({"colour": "red"}, "/colour", "UNKNOWN_FIELD"),
        ({"url": "nope"}, "/url", "INVALID_URL"),
        ({"url": None}, "/url", "INVALID_URL"),
        ({"url": "https://sho.rt/x"}, "/url", "BLOCKED_URL"),
        ({"title": 5}, "/title", "INVALID_TYPE"),
        ({"group": "other"}, "/group", "UNKNOWN_GROUP"),
        ({"disabled": "yes"}, "/disabled", "INVALID_TYPE"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused(request_body: dict[str, Any], pointer: str, code: str) -> None:
    assert error(**request_body) == (pointer, code)


def test_a_url_that_stays_is_not_judged_again() -> None:
    ours = make_link(url="https://sho.rt/x")
    assert change(ours, title="new").values == {"title": "new"}
