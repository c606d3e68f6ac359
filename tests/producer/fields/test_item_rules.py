from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from producer.fields import item_rules
from producer.fields.item_rules import InvalidValue


def judged(judge: Callable[[Any], Any], value: Any) -> Any:
    """What the rule makes of a value as a column has it: an empty one is none."""
    try:
        return (judge(value) if value else None) or None
    except InvalidValue:
        return InvalidValue


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://example.com", "https://example.com/"),
        (" HTTP://EXAMPLE.com:80/a b ", "http://example.com/a%20b"),
        ("http:\\\\example.com\\a", "http://example.com/a"),
        ("https:example.com", "https://example.com/"),
        ("https://münchen.de/ü?ö#ä", "https://xn--mnchen-3ya.de/%C3%BC?%C3%B6#%C3%A4"),
        ("http://①②⑦.0.0.1/", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://[::1]/", "http://[::1]/"),
        ("https://example.com/@user", "https://example.com/@user"),
        ("https://a.b/" + "x/../" * 400, "https://a.b/"),
    ],
)
def test_urls_are_normalised_as_browsers_do(given: str, normal: str) -> None:
    assert item_rules.url(given) == normal


@pytest.mark.parametrize(
    "value",
    [
        "   ", "example.com", "/path", "//example.com/x", "javascript:alert(1)", "data:text/html,x", "ftp://a.b/",
        "mailto:a@b.c", "file:///etc/passwd", "blob:https://a.b/x", "https://", "https://a b/", "https://a.b:99999/",
        "https://user@a.b/", "https://user:pw@a.b/", "https://:pw@a.b/", "https://a.b/\n", "\thttps://a.b/",
        "https://a.b/\0", "https://a.b/\x7f", "java\nscript:x", "https://\ud800.b/", "https://a.b/\udfff", "https://\u00ad/",
    ],
)  # fmt: skip
def test_urls_that_cannot_be_shortened_are_refused(value: str) -> None:
    with pytest.raises(InvalidValue):
        item_rules.url(value)


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600"])
def test_a_url_has_at_most_2048_characters_as_it_is_sent(letter: str) -> None:
    base = "https://a.b/"
    longest = base + letter * (2048 - len(base))
    assert item_rules.url(longest) == base + quote(letter) * (2048 - len(base))
    with pytest.raises(InvalidValue, match="2,048"):
        item_rules.url(longest + letter)


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("a", 1),
        ("x" * 64, 1),
        (" a ", 1),
        ("x" * 65, 0),
        ("a b", 0),
        ("é", 0),
        ("a\n", 0),
        ("a.b", 0),
        (" ", 0),
        ("a/b", 0),
    ],
)
def test_a_slug_has_1_to_64_letters_digits_underscores_and_hyphens(value: str, good: int) -> None:
    assert (judged(item_rules.slug, value) is not InvalidValue) == bool(good)


@pytest.mark.parametrize(
    ("rule", "longest"),
    [
        (item_rules.title, 500),
        (item_rules.password, 128),
        (item_rules.utm, 255),
        (item_rules.external_id, 255),
        (item_rules.group, 255),
    ],
)
def test_texts_have_a_limit_and_may_contain_any_character(rule: Callable[[str], str], longest: int) -> None:
    assert rule("😀" * longest) == "😀" * longest
    for wrong in ("x" * (longest + 1), "a\0b", "a\ud800", "\udc00"):
        with pytest.raises(InvalidValue):
            rule(wrong)


@pytest.mark.parametrize("rule", [item_rules.ttl, item_rules.max_clicks])
def test_numbers_are_whole_and_from_1_to_the_largest(rule: Callable[[Any], int]) -> None:
    assert [rule(value) for value in (1, "1", " 7 ", "007", 2**31 - 1, str(2**31 - 1))] == [
        1,
        1,
        7,
        7,
        2**31 - 1,
        2**31 - 1,
    ]
    for wrong in (0, -1, 2**31, 10**30, "0", "-1", "+1", "1.0", "1e3", "x", " ", "١", "²", "1_0", "2147483648"):
        with pytest.raises(InvalidValue):
            rule(wrong)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("2027-12-31T23:59:59Z", "2027-12-31 23:59:59"),
        ("2027-12-31t23:59:59z", "2027-12-31 23:59:59"),
        ("2027-12-31 23:59:59 Z", "2027-12-31 23:59:59"),
        ("2027-12-31T23:59:59+02:00", "2027-12-31 21:59:59"),
        ("2027-12-31T23:59-0230", "2028-01-01 02:29:00"),
        ("2027-12-31T23:59:59", "2027-12-31 23:59:59"),
        ("2027-12-31", "2027-12-31 00:00:00"),
        (" 2027-12-31 ", "2027-12-31 00:00:00"),
        ("2027-12-31T23:59:59.123456789Z", "2027-12-31 23:59:59"),
        ("2027-12-31T23:59:59,5Z", "2027-12-31 23:59:59"),
        ("2024-02-29", "2024-02-29 00:00:00"),
        ("1999-01-01", "1999-01-01 00:00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31 23:59:59"),
    ],
)
def test_times_are_stored_in_utc(value: str, kept: str) -> None:
    assert item_rules.expires_at(value) == kept


@pytest.mark.parametrize(
    "value",
    [
        "tomorrow", " ", "1830297599", "2027-02-30", "2027-02-29T00:00:00Z", "0000-01-01", "2027-13-01", "2027-00-10",
        "2027-W52-1", "2027W521", "2027-365", "20271231", "20271231T235959Z", "27-12-31", "2027-12", "2027",
        "2027-12-31T24:00:00Z", "2027-12-31T23:60:00Z", "2027-12-31T23:59:60Z", "2027-12-31T", "2027-12-31Z",
        "2027-12-31T23Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2027-12-31T00:00:00+24:00",
        "2027-12-31T23:59:59Z\n", "２０２７-12-31", "10000-01-01", "-2027-01-01", "31.12.2027", "12/31/2027",
    ],
)  # fmt: skip
def test_invalid_times_are_refused(value: str) -> None:
    with pytest.raises(InvalidValue):
        item_rules.expires_at(value)


def test_tags_are_a_list_or_text_divided_by_bars() -> None:
    assert item_rules.tags("a| b |a") == item_rules.tags(["a", "b", "a"]) == ["a", "b"]
    assert item_rules.tags([]) == []
    assert len(item_rules.tags([str(number) for number in range(20)])) == 20
    wrong: list[Any] = ["a||b", "|", ["a", 1], [["a"]], [None], [""], ["x" * 51], ["a\0"], ["\ud800"]]
    for value in [*wrong, [str(number) for number in range(21)]]:
        with pytest.raises(InvalidValue):
            item_rules.tags(value)
    assert item_rules.tags(["x" * 50]) == ["x" * 50]


def test_an_expiry_counts_from_now() -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    assert item_rules.expiry_after(now, 60) == "2027-01-01 00:01:00"
    assert item_rules.expiry_after(now, item_rules.LARGEST_INTEGER).startswith("2095")
