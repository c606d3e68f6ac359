"""Whole short URLs give their slug to rows without one."""

from dataclasses import replace
from typing import Any

import pytest

from producer.fields.item_rules import InvalidValue, host_in, short_url, slug_in
from producer.intake.batch import Batch
from producer.rules import defaults
from producer.rules.short_urls import with_slugs


def batch(**columns: list[Any]) -> Batch:
    rows = len(next(iter(columns.values())))
    return Batch(rows, range(rows), columns, {}, lambda _place: {})


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("https://dub.sh/spring", "spring"),
        ("bit.ly/3xYz", "3xYz"),
        ("HTTP://dub.sh:8080/spring/", "spring"),
        ("https://dub.sh/spring?utm_source=mail#top", "spring"),
        ("/spring/", "spring"),
        ("spring", "spring"),
        (" https://dub.sh/docs/intro ", "docs/intro"),
        ("https://dub.sh/%C3%BCber", "über"),
        ("https://dub.sh/", None),
        ("https://dub.sh", None),
        ("https://dub.sh/a%0Ab", None),
        ("", None),
    ],
)
def test_what_stands_behind_the_domain_is_the_slug(text: str, slug: str | None) -> None:
    assert slug_in(text) == slug
    if slug:
        assert short_url(text) == slug
    else:
        with pytest.raises(InvalidValue, match="no slug behind its domain"):
            short_url(text)


def test_a_slug_of_the_rows_own_comes_first() -> None:
    rows = batch(slug=["mine", "", ""], short_url=["https://dub.sh/theirs", "https://dub.sh/theirs", ""])
    columns = with_slugs(rows, {}).columns
    assert (columns["slug"], columns["short_url"]) == (["mine", "theirs", ""], ["", "", ""])


def test_what_holds_no_slug_stays_for_the_rule() -> None:
    rows = batch(short_url=["https://dub.sh", "https://dub.sh/a"])
    assert with_slugs(rows, {}).columns == {"slug": ["", "a"], "short_url": ["https://dub.sh", ""], "domain": ["", ""]}


def test_an_empty_text_stays_and_keeps_a_default_slug_out() -> None:
    rows = replace(batch(short_url=["", None]), typed=True)
    assert defaults.fill(with_slugs(rows, {}), {"slug": "x"}, 0).columns["slug"] == [None, "x"]


def test_rows_without_short_urls_are_left_alone() -> None:
    rows = batch(url=["https://a.example/"])
    assert with_slugs(rows, {}) is rows


@pytest.mark.parametrize(
    ("text", "host"),
    [("https://Go.example/a", "go.example"), ("go.example/a?x", "go.example"), ("a", ""), ("/a", ""), ("", "")],
)
def test_the_host_is_what_stands_before_the_slug(text: str, host: str) -> None:
    assert host_in(text) == host


def test_a_host_of_the_workspace_is_the_domain_of_rows_that_name_none() -> None:
    go: Any = object()
    rows = batch(short_url=["https://go.example/a", "https://dub.sh/b", "go.example/c"], domain=["", "", "x.example"])
    assert with_slugs(rows, {"go.example": go}).columns["domain"] == ["go.example", "", "x.example"]
