"""Tags of a page, in the order of the page, as browsers see them."""

import pytest

from producer.outside.page_tags import Tag, attributes, tags


def names(page: str) -> list[str]:
    return [tag.name for tag in tags(page)]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("", []),
        ("no tags, 1 < 2", []),
        ("<p>a</p><B>b</B>", ["p", "b"]),
        ("<br/><hr>", ["br", "hr"]),
        ("<!-- <p> --><i>", ["i"]),
        ("<!doctype html><html>", ["html"]),
        ("<script><p></script><b>", ["script", "b"]),
        ("<a title='<b>'><i>", ["a", "i"]),
        ("<svg><path><title>x</title></svg><b>", ["b"]),
        ("<template><p></template><b>", ["b"]),
        ("</svg><b>", ["b"]),
        ("<svg/><b>", ["b"]),
        ("<p", ["p"]),
    ],
)
def test_the_start_tags_of_the_page_itself(page: str, expected: list[str]) -> None:
    assert names(page) == expected


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<title>a <b> c</title>", "a <b> c"),
        ("<title>a</titles></title>", "a</titles>"),
        ("<title>never closed<p>", "never closed"),
        ("<title></title>", ""),
        ("<p>not raw</p>", ""),
    ],
)
def test_the_raw_text_of_an_element(page: str, text: str) -> None:
    assert next(tags(page)).raw_text == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", {}),
        (" a=1 B='2' c=\"3\" d", {"a": "1", "b": "2", "c": "3", "d": ""}),
        (" a = 1", {"a": "1"}),
        (" a=first a=second", {"a": "first"}),
        ("/a/b=x", {"a": "", "b": "x"}),
        (" a='it is > that'", {"a": "it is > that"}),
        (" a='never closed", {"a": "never closed"}),
    ],
)
def test_attributes_by_their_names(source: str, expected: dict[str, str]) -> None:
    assert attributes(Tag("p", source, "")) == expected
