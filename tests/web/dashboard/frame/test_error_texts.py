"""Why rows fail, for people."""

from producer.rules.item_errors import FIELDS_OF_CODE
from web.dashboard.frame.error_texts import ERROR_TEXTS


def test_every_code_of_a_field_has_a_text() -> None:
    assert FIELDS_OF_CODE.keys() <= ERROR_TEXTS.keys()


def test_texts_are_sentences() -> None:
    for code, text in ERROR_TEXTS.items():
        assert text[0].isupper(), code
        assert text.endswith("."), code
