"""The body of one link: split into members, which are decoded when the rules need them."""

import pytest

from models.errors import BrokenJson
from producer.resources.link_fields import decode_fields, encode_fields, split_fields


def test_members_stay_as_they_were_sent_until_they_are_decoded() -> None:
    fields = split_fields([b'{"url": "https://a.b/", ', b'"max_clicks": 1.0}'])
    assert bytes(fields["max_clicks"]) == b"1.0"
    assert decode_fields(fields)["url"] == "https://a.b/"


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b'{"url": "a"', b'{"a": 1}x', b"\xff"])
def test_a_body_that_is_not_an_object_is_refused(body: bytes) -> None:
    with pytest.raises(BrokenJson):
        decode_fields(split_fields([body]))


def test_values_of_a_form_take_the_same_form_as_a_body() -> None:
    values = {"url": "https://a.b/", "tags": ["x", "y"], "max_clicks": 3}
    assert decode_fields(encode_fields(values)) == values
