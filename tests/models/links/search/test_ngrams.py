"""The filter of a block: it never denies a text that the block contains."""

from hypothesis import given
from hypothesis import strategies as st

from models.links.search import ngrams

TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
ODD_CASES = ("İzmir", "ΟΔΟΣ", "Straße", "ǅ", "ﬁ")


def has(bits: bytes, text: str) -> bool:
    last = len(bits) * 8 - 1
    return all(bits[(number & last) >> 3] >> (number & 7) & 1 for number in ngrams.numbers_of(text))


@given(st.lists(TEXTS, min_size=1, max_size=5), st.integers(0, 30), st.integers(1, 30), st.booleans())
def test_every_part_of_a_text_is_found(texts: list[str], start: int, length: int, upper: bool) -> None:
    part = texts[0][start : start + length]
    sought = part.upper() if upper and part.isascii() else part
    assert has(ngrams.bits_of(texts), sought)


def test_letters_that_databases_fold_in_their_own_ways_are_found() -> None:
    for text in ODD_CASES:
        bits = ngrams.bits_of([text])
        assert has(bits, text)
        assert has(bits, text.lower())
        assert has(bits, text[:3])
    assert has(ngrams.bits_of(["ΟΔΟΣ Α"]), "οδοσ")


def test_most_other_texts_are_not_found() -> None:
    block = [f"https://shop{number}.example/item/{number * 7919 % 1_000_000:06}" for number in range(1024)]
    bits = ngrams.bits_of(block)
    absent = [f"/item/{number * 7919 % 1_000_000:06}" for number in range(5000, 6000)]
    assert sum(has(bits, text) for text in absent) < 20
    assert len(bits) < 40 * len(block)


def test_a_filter_is_as_small_as_its_texts_allow() -> None:
    assert len(ngrams.bits_of(["a"])) * 8 == ngrams.LEAST_BITS
    assert len(ngrams.bits_of([""])) * 8 == ngrams.LEAST_BITS
