"""Wide slugs: what is one, and how it is spelled."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.fields import wide_slugs
from producer.fields.item_rules import InvalidValue

SLUGS = (
    "a", "a/b", "docs/2026/spring.sale", "~jo/x_y-z", "a.b", "...", ".a", "a..b", "über/öl", "日本語", "हिन्दी", "ไทย",
    "Ελλάδα", "١٢٣", "x" * 190, "ü" * 190, "a/" * 94 + "ab",
)  # fmt: skip


@pytest.mark.parametrize("slug", SLUGS)
def test_letters_of_any_script_digits_and_a_few_signs_are_a_slug(slug: str) -> None:
    assert wide_slugs.wide_slug(f" {slug} ") == slug


OTHERS = (
    "", "/", "a/", "/a", "a//b", ".", "..", "a/.", "a/../b", "./a", "a b", "a+", "a+b", "a%20", "a?b", "a#b", "a\\b",
    "a\tb", "a\0", "a\u200bb", "a\u202eb", "a\ufe0f", "\u3164", "\u0301a", "a/\u0301", "x" * 191, "ü" * 191, "❤", "½",
    "a\ud800", "a\u0378", "x" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("text", OTHERS)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(InvalidValue):
        wide_slugs.wide_slug(text)


def test_however_letters_are_composed_they_are_the_same_slug() -> None:
    decomposed = unicodedata.normalize("NFD", "Ünïcode/" + "ü" * 182)
    assert wide_slugs.wide_slug(decomposed) == "Ünïcode/" + "ü" * 182


@given(st.text())
def test_a_slug_is_read_back_as_it_is(text: str) -> None:
    slug = wide_slugs.read(text)
    if slug is not None:
        assert wide_slugs.read(slug) == slug
        assert wide_slugs.read(unicodedata.normalize("NFD", slug)) == slug
        assert wide_slugs.read_path(slug.encode().decode("latin-1")) == slug
        folded = wide_slugs.spell(slug, case_sensitive=False)
        assert wide_slugs.spell(folded, case_sensitive=False) == folded


@pytest.mark.parametrize("path", ["\xff", "\xc3", "a/\xed\xa0\x80"])
def test_a_path_that_is_not_utf_8_spells_no_slug(path: str) -> None:
    assert wide_slugs.read_path(path) is None


def test_where_case_does_not_matter_slugs_are_folded() -> None:
    spellings = {wide_slugs.spell(slug, case_sensitive=False) for slug in ("STRASSE/Ä", "straße/ä", "Strasse/Ä")}
    assert spellings == {"strasse/ä"}
    assert wide_slugs.spell("Sale-1", case_sensitive=False) == "sale-1"
    assert wide_slugs.spell("Sale-1", case_sensitive=True) == "Sale-1"
