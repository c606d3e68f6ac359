"""Titles of pages, also of hostile ones: which text is the title, and how long it takes to find it."""

import time

import pytest
from hypothesis import given
from hypothesis.strategies import lists, sampled_from

from producer.outside.page_title import MAX_BYTES, title_of

MAX_SECONDS = 2  # each takes a tenth of a second at most, and one that is scanned twice takes a minute
HTML = "text/html; charset=utf-8"


def title(page: str, content_type: str = HTML) -> str | None:
    return title_of(page.encode(), content_type)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<!doctype html><html><head><title>Hello</title></head><body></body></html>", "Hello"),
        ("<TITLE>Hello</TITLE>", "Hello"),
        ("<title lang=en data-x='>'>Hello</title >", "Hello"),
        ('<title data-x=">">Hello</title\n>', "Hello"),
        ("<p>no head<title>Hello</title>", "Hello"),
        ("<body><div><title>Hello</title></div>", "Hello"),
        ("<title>One</title><title>Two</title>", "One"),
        ("<title></title><title>Two</title>", "Two"),
        ("<title>  \n\t a \r\n b\u00a0\u2003c  </title>", "a b c"),
        ("<title>a<b>c</b></title>", "a<b>c</b>"),
        ("<title>a<!-- b --></title>", "a<!-- b -->"),
        ("<title>Q&amp;A &lt;x&gt; &#8211; &#x2014; &eacute;</title>", "Q&A <x> – — é"),
        ("<title>&copy &notin; &nosuch; &</title>", "© ∉ &nosuch; &"),
        ("<title>&nbsp;a&nbsp;&#10;b&#9;</title>", "a b"),
        ("<title>&#0;&#xD800;&#x110000;</title>", "���"),
        ("<title>a\0b\x07c\x85d</title>", "a b c d"),
        ("<title>日本語 🎉</title>", "日本語 🎉"),
        ("<titles>no</titles><title>Hello</title>", "Hello"),
        ("<title/>Hello</title>", "Hello"),
        ("<title>Hello", "Hello"),
        ("<title>Hello<script>x</script>", "Hello"),
        ("<title>Hello</titl", "Hello"),
        ("<title>Hello</titles></title>", "Hello</titles>"),
        ("<title", None),
        ("<title>", None),
        ("<title> </title>", None),
        ("", None),
        ("Hello", None),
        # not the page's own
        ("<svg><title>Icon</title></svg><title>Hello</title>", "Hello"),
        ("<svg><title>Icon</title></svg>", None),
        ("<svg><svg><title>A</title></svg><title>B</title></svg><title>Hello</title>", "Hello"),
        ("<svg/><title>Hello</title>", "Hello"),
        ("<svg><title/><style/></svg><title>Hello</title>", "Hello"),
        ("<SVG viewBox='0 0 1 1'><g><Title>Icon</Title></g></SVG><title>Hello</title>", "Hello"),
        ("<math><title>x</title></math><title>Hello</title>", "Hello"),
        ("<template><title>x</title></template><title>Hello</title>", "Hello"),
        ("</svg></svg><title>Hello</title>", "Hello"),
        ("<!-- <title>no</title> --><title>Hello</title>", "Hello"),
        ("<!--><title>Hello</title>", "Hello"),
        ("<!---><title>Hello</title>", "Hello"),
        ("<!-- a --!><title>Hello</title>", "Hello"),
        ("<!-- <title>no</title>", None),
        ("<!doctype html PUBLIC '<title>'><title>Hello</title>", "Hello"),
        ("<?xml version='1.0'?><title>Hello</title>", "Hello"),
        ("<script>'<title>no</title>'</script><title>Hello</title>", "Hello"),
        ("<script><!-- </script><title>Hello</title>", "Hello"),
        ("<SCRIPT>'<title>no</title>'</Script ><title>Hello</title>", "Hello"),
        ("<style>a:before{content:'<title>no</title>'}</style><title>Hello</title>", "Hello"),
        ("<textarea><title>no</title></textarea><title>Hello</title>", "Hello"),
        ("<noscript><title>Hello</title></noscript>", "Hello"),
        ("<script><title>no</title>", None),
        ("<a title='<title>no</title>'>x</a><title>Hello</title>", "Hello"),
        ("<a b=\"<title>no</title>", None),
        # what it gives to those who share it
        ("<meta property=og:title content=Hello>", "Hello"),
        ("<meta property='og:title' content='Hello  you'/>", "Hello you"),
        ("<META CONTENT=\"Hello &amp; 'you'\" PROPERTY=\"OG:Title\">", "Hello & 'you'"),
        ("<meta name=og:title content=Hello>", "Hello"),
        ("<meta name=twitter:title content=Hello>", "Hello"),
        ("<meta name=twitter:title content=Twitter><meta property=og:title content=Open>", "Open"),
        ("<meta property=og:title content=Open><title>Hello</title>", "Hello"),
        ("<meta property=og:title content=Open><title> </title>", "Open"),
        ("<meta property=og:title content=''><meta property=og:title content=Two>", "Two"),
        ("<meta property=og:title><meta name=description content=no>", None),
        ("<meta property=og:title content=One content=Two>", "One"),
        ("<meta property=og:title content = 'a>b' >", "a>b"),
        ("<meta/property='og:title'/content='Hello'/>", "Hello"),
        ("<svg><meta property=og:title content=no></svg>", None),
    ],
)  # fmt: skip
def test_a_page_has_this_title(page: str, expected: str | None) -> None:
    assert title(page) == expected


@pytest.mark.parametrize(
    ("content_type", "is_page"),
    [
        ("text/html", True),
        ("Text/HTML;charset=utf-8", True),
        (" text/html ; x", True),
        ("application/xhtml+xml", True),
        ("text/html, text/html", True),
        ("text/plain", False),
        ("application/json", False),
        ("image/svg+xml", False),
        ("application/pdf", False),
        ("text/htmlx", False),
        ("", False),
    ],
)
def test_only_html_has_titles(content_type: str, is_page: bool) -> None:
    assert title("<title>Hello</title>", content_type) == ("Hello" if is_page else None)


def test_what_cannot_be_decoded_is_replaced() -> None:
    assert title_of(b"<title>a\xffb\xc3</title>", HTML) == "a�b�"


def test_a_title_is_cut_after_it_was_decoded() -> None:
    assert title(f"<title>{'x' * 600}</title>") == "x" * 500
    assert title(f"<title>{'&hearts;' * 600}</title>") == "♥" * 500
    assert title(f"<title>{'&CounterClockwiseContourIntegral;' * 600}</title>") == "∳" * 500
    assert title(f"<title>{'&nbsp;&#10;' * 20}a</title>") == "a"
    assert title(f"<title>{'x' * 499} y</title>") == "x" * 499


def test_a_number_without_end_is_one_character() -> None:
    for digits in (200, 4000, 5000, 100_000):
        assert title(f"<title>a&#{'9' * digits};b</title>") in ("a�b", "a�")
        assert title(f"<title>a&#x{'f' * digits};b</title>") in ("a�b", "a�")


def test_no_more_than_a_beginning_is_read() -> None:
    assert title(" " * (MAX_BYTES - 30) + "<title>Hello</title>") == "Hello"
    assert title(" " * MAX_BYTES + "<title>Hello</title>") is None


WRITTEN = r"""
< <a <a> <a\x20 <a" <a\x20b=" <a\x20b=' <a\x20b=c\x20 <a\x20= <title> <title </title> </title <svg> <svg/> </svg>
<template> <!-- <!--> <!---> <!--\x20--> --> - <! <? </ </> <script> <script></script> </script> <textarea> <div><p>
& &a &amp &# &#9 &#x9 a é = / " ' charset= <meta <meta\x20charset=x> <meta\x20property=og:title\x20content=
<meta\x20property=og:title\x20content=x> \x00
"""
PIECES = [*(piece.encode("latin-1").decode("unicode_escape") for piece in WRITTEN.split()), " ", "\t", "\n"]


def seconds(page: bytes) -> float:
    start = time.perf_counter()
    title_of(page, "text/html")
    return time.perf_counter() - start


@pytest.mark.slow
@pytest.mark.parametrize(
    "before", ["", "<title>", "<a ", "<a b='", "<script>", "<svg>", "<meta property=og:title content='"]
)
def test_no_page_takes_long(before: str) -> None:
    for piece in PIECES:
        page = (before + piece * MAX_BYTES)[:MAX_BYTES].encode()[:MAX_BYTES]
        assert seconds(page) < MAX_SECONDS, piece
        if before == "<title>":
            assert seconds(page[:-8] + b"</title>") < MAX_SECONDS, piece


@given(lists(sampled_from(PIECES), max_size=60))
def test_no_page_breaks_anything(pieces: list[str]) -> None:
    text = title("".join(pieces))
    assert text is None or (text == text.strip() and 0 < len(text) <= 500 and "\0" not in text)


@pytest.mark.slow
def test_a_hundred_thousand_elements_in_one_another_are_no_trouble() -> None:
    for tag in ("<b>", "<p>", "<i>", "<svg>", "<template>"):
        assert seconds((tag * 100_000 + "<title>Hello</title>").encode()) < MAX_SECONDS
    assert title("<b>" * 80_000 + "<title>Hello</title>") == "Hello"
