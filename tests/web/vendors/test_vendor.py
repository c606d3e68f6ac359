"""The pieces that vendors' files share."""

from typing import Any

import pytest

from models.errors import Invalid
from models.jobs.items import ItemResult
from models.states import ItemStatus
from producer.intake.layouts import REFUSED
from web.vendors.vendor import (
    LinkFields,
    Refusal,
    VendorRequest,
    has_link,
    is_rejected,
    read_list,
    reject,
    rename_fields,
    translate_link,
)

NAMES = {"url": ("url",), "expires_at": ("expiry", "expiresAt")}


@pytest.mark.parametrize("body", [None, 5, "links", [], {}, {"links": None}, {"links": {}}, {"urls": []}])
def test_a_body_without_the_list_is_invalid(body: Any) -> None:
    with pytest.raises(Invalid, match="a list named links"):
        read_list(body, "links")


def test_the_list_of_a_body_is_returned_as_it_is() -> None:
    assert read_list({"links": [1, None]}, "links") == [1, None]


def test_fields_get_our_names_and_unknown_ones_are_dropped() -> None:
    assert rename_fields({"url": "https://a.b", "color": "red"}, NAMES) == {"url": "https://a.b"}


def test_the_first_spelling_that_is_not_null_counts() -> None:
    assert rename_fields({"expiry": "2030", "expiresAt": "2031"}, NAMES) == {"expires_at": "2030"}
    assert rename_fields({"expiry": None, "expiresAt": "2031"}, NAMES) == {"expires_at": "2031"}
    assert rename_fields({"expiry": None}, NAMES) == {}


def test_false_and_empty_values_are_kept_for_the_rules_to_judge() -> None:
    assert rename_fields({"url": "", "expiry": False}, NAMES) == {"url": "", "expires_at": False}


def test_a_rejected_item_keeps_its_fields() -> None:
    item = reject({"url": "https://a.b"}, "INVALID_TAGS", "There is no such tag.")
    assert item == {"url": "https://a.b", REFUSED: ["INVALID_TAGS", "There is no such tag."]}


def test_the_size_of_a_request_is_its_count_or_the_number_of_its_items() -> None:
    assert VendorRequest([{}, {}]).size == 2
    assert VendorRequest([{}], count=50_000).size == 50_000


@pytest.mark.parametrize("status", ItemStatus)
def test_created_and_existing_items_have_a_link(status: ItemStatus) -> None:
    result = ItemResult(0, 1, status, None, None, None)
    assert has_link(result) == (status in (ItemStatus.CREATED, ItemStatus.UPDATED, ItemStatus.EXISTING))


FIELDS = LinkFields(
    names={"url": ("target",)},
    without_effect={"color": "It is only shown."},
    refusals={"geo": Refusal("One URL for all."), "status": Refusal("Linkmill redirects with 302.", harmless=(302,))},
)


@pytest.mark.parametrize("value", [None, False, "", [], {}, 0])
def test_a_default_value_is_no_refusal(value: Any) -> None:
    assert translate_link({"target": "https://a.b", "geo": value}, FIELDS) == {"url": "https://a.b"}


def test_a_field_without_effect_and_an_unknown_one_are_left_out() -> None:
    assert translate_link({"target": "https://a.b", "color": "red", "shade": 5}, FIELDS) == {"url": "https://a.b"}


@pytest.mark.parametrize("value", [True, 1, "x", ["x"], {"FR": "https://c.d"}])
def test_a_link_that_asks_for_what_linkmill_cannot_do_is_rejected(value: Any) -> None:
    item = translate_link({"target": "https://a.b", "geo": value}, FIELDS)
    assert is_rejected(item)
    assert item == {"url": "https://a.b", REFUSED: ["UNKNOWN_FIELD", "geo is not supported. One URL for all."]}


def test_a_value_that_asks_for_what_linkmill_does_anyway_is_harmless() -> None:
    assert not is_rejected(translate_link({"status": 302}, FIELDS))
    assert is_rejected(translate_link({"status": 301}, FIELDS))


@pytest.mark.parametrize("link", [5, None, "https://a.b", []])
def test_a_link_that_is_not_an_object_is_rejected(link: Any) -> None:
    assert translate_link(link, FIELDS) == {REFUSED: ["INVALID_TYPE", "A link must be an object."]}


def test_supported_fields_are_all_spellings_and_special_ones() -> None:
    fields = LinkFields(names={"slug": ("alias", "key"), "url": ("url",)}, special=("domain",))
    assert fields.supported == ("alias", "key", "url", "domain")
