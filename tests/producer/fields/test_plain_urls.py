"""A URL that is found plain is what its rule would make of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.fields import item_rules
from producer.fields.plain_urls import find_others
from tests.examples import examples

HOSTS = st.one_of(
    st.sampled_from(["shop.example.com", "a", "1.2.3.4", "0x7f", "a.0xab", "xn--a", "a..b", ".", "a.", "-a-.b", "A.b"]),
    st.text("ab01x.-_:@%nA[]", max_size=8),
)
PATHS = st.one_of(
    st.sampled_from(["/", "", "/a/../b", "/./", "/%2e/", "/%2E%2e", "/.a", "/a.", "/a%zz", "//", "/?a=/../b"]),
    st.text("/ab.%2e?#=&'\"<>`{}|^\\ ~!$()*+,;:@[]é\u3000", max_size=10),
)
URLS = st.builds(
    "{}{}{}".format, st.sampled_from(["https://", "http://", "HTTP://", "ftp://", "https:/", ""]), HOSTS, PATHS
)


@settings(max_examples=examples(600), deadline=None)
@given(st.lists(URLS, min_size=1, max_size=5))
def test_the_rule_changes_nothing_of_a_plain_url(column: list[str]) -> None:
    others = find_others(column)
    for place, url in enumerate(column):
        if place not in others:
            assert item_rules.url(url) == url


@pytest.mark.parametrize("beside", [[], ["no URL"], ["", "http://x.y", "é"], ["https://a.b"]])
def test_common_urls_are_plain_whatever_is_beside_them(beside: list[str]) -> None:
    urls = ["https://shop.example.com/products/7/item_1.html?ref=mail&x=%20#top", "http://a.b/", "https://a/"]
    for column in (urls + beside, beside + urls):
        others = {column[place] for place in find_others(column)}
        assert others == set(beside)


def test_a_url_that_is_too_long_is_not_plain() -> None:
    url = "https://a.example/"
    longest = url + "x" * (item_rules.LONGEST_URL - len(url))
    assert find_others([longest, longest + "x"]) == [1]
