"""The schemas of links have a line for each item field."""

import pytest
from marshmallow import ValidationError

from producer.documents.schemas import (
    ItemRequestSchema,
    LinkChangeSchema,
    LinkRequestSchema,
    LinksQuerySchema,
    QrQuerySchema,
)
from producer.fields.item_fields import ITEM_FIELDS, NAMES


def test_an_item_request_has_every_item_field_in_order() -> None:
    assert tuple(ItemRequestSchema().fields) == NAMES


def test_a_link_request_adds_options_of_an_upload() -> None:
    assert set(LinkRequestSchema().fields) == {*NAMES, "slugs"}


def test_a_change_has_every_field_that_can_change() -> None:
    changeable = {field.name for field in ITEM_FIELDS if field.changeable}
    assert set(LinkChangeSchema().fields) == changeable


@pytest.mark.parametrize("cursor", ["x", "!", "MTIz"])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(ValidationError, match="next_cursor"):
        LinksQuerySchema().load({"cursor": cursor})


@pytest.mark.parametrize(
    ("colour", "is_valid"), [("1a2b3c", 1), ("#fff", 1), ("transparent", 1), ("red", 0), ("12", 0)]
)
def test_colours_of_qr_codes(colour: str, is_valid: bool) -> None:
    assert ("dark" not in QrQuerySchema().validate({"dark": colour})) == is_valid


@pytest.mark.parametrize("colour", ["transparent", "123456"])
def test_a_qr_code_must_be_visible(colour: str) -> None:
    assert set(QrQuerySchema().validate({"dark": colour, "light": colour})) == {"light"}
    assert QrQuerySchema().validate({"dark": colour}) == {}
