"""Validators that several schemas share."""

import pytest
from marshmallow import ValidationError

from producer.documents.schemas.common import follows, text
from producer.fields import item_rules


@pytest.mark.parametrize("value", ["", "abc", "ü😀"])
def test_text_that_a_database_can_store_is_valid(value: str) -> None:
    text(3)(value)


@pytest.mark.parametrize("value", ["abcd", "a\0", "\ud800"])
def test_text_that_a_database_cannot_store_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="at most 3 characters"):
        text(3)(value)


def test_a_rule_of_items_becomes_a_validator_with_its_message() -> None:
    follows(item_rules.slug)("good")
    with pytest.raises(ValidationError, match="A slug has 1 to 64 characters"):
        follows(item_rules.slug)("not good")
