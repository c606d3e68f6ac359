"""Forms for links: from what people fill in to what the API takes, and back."""

from typing import Any

from marshmallow import ValidationError

from models.errors import Invalid, field_error
from web.dashboard.frame import forms

LINK: dict[str, Any] = {
    "url": "https://a.b/",
    "title": None,
    "tags": ["one", "two"],
    "group": "team",
    "expires_at": "2030-12-31T18:00:00.000Z",
    "max_clicks": 5,
    "external_id": None,
    "comment": None,
}


def test_only_fields_that_are_filled_in_are_sent_each_with_its_type() -> None:
    form = {"url": " https://a.b/ ", "title": "  ", "tags": "one, two,,", "max_clicks": "5", "other": "x"}
    assert forms.read_fields(form, forms.LINK_FIELDS) == {
        "url": "https://a.b/",
        "tags": ["one", "two"],
        "max_clicks": 5,
    }


def test_a_wrong_number_is_left_to_the_rules_of_items() -> None:
    for text in ("five", "-1", "1.5", "9" * 19):
        assert forms.read_fields({"max_clicks": text}, ["max_clicks"]) == {"max_clicks": text}


def test_a_links_form_that_comes_back_as_it_was_changes_nothing() -> None:
    assert forms.read_changes(LINK, forms.fill(LINK)) == {}


def test_a_form_shows_a_moment_up_to_its_minute() -> None:
    assert forms.fill(LINK)["expires_at"] == "2030-12-31T18:00"


def test_an_emptied_field_removes_the_value_and_a_field_that_is_not_there_stays() -> None:
    assert forms.read_changes(LINK, {"group": "", "max_clicks": "6"}) == {"group": None, "max_clicks": 6}


def test_a_password_is_set_or_removed_but_never_shown() -> None:
    assert "password" not in forms.fill(LINK)
    assert forms.read_changes(LINK, {"password": ""}) == {}
    assert forms.read_changes(LINK, {"password": "secret"}) == {"password": "secret"}
    assert forms.read_changes(LINK, {"unprotect": "on"}) == {"password": None}


def test_faults_stand_at_their_fields_and_others_under_no_name() -> None:
    error = Invalid("wrong", [field_error("bad tag", "tags", "0")])
    assert forms.faults_by_field(error) == {"tags": "bad tag"}
    assert forms.faults_by_field(Invalid("wrong")) == {"": "wrong"}


def test_of_several_faults_of_a_schema_the_first_of_a_field_is_shown() -> None:
    error = ValidationError({"name": ["first", "second"], "scopes": {"0": ["unknown"]}})
    assert forms.schema_faults_by_field(error) == {"name": "first", "scopes": "unknown"}
