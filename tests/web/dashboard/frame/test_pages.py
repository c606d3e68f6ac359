"""How pages write values."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from web.dashboard.frame import pages


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.04, "less than 0.1 s"),
        (9.96, "10.0 s"),
        (10, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90_061, "25 h 1 min"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float | None, text: str) -> None:
    assert pages.format_duration(seconds) == text


def test_a_number_has_separators() -> None:
    assert pages.format_number(1_234_567) == "1,234,567"
    assert pages.format_number(None) == "–"


def test_a_moment_is_written_in_utc() -> None:
    moment = datetime(2026, 11, 21, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert pages.format_time(moment) == "20 Nov 2026, 23:30 UTC"
    assert pages.format_time("2026-11-21T01:30:00Z") == "21 Nov 2026, 01:30 UTC"
    assert pages.format_time(datetime(2026, 1, 2, tzinfo=UTC)) == "2 Jan 2026, 00:00 UTC"
    assert pages.format_time(None) == "–"


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=30), "30 days ago"),
    ],
)
def test_an_age_has_one_unit(age: timedelta, text: str) -> None:
    assert pages.format_age(datetime.now(UTC) - age) == text


def test_what_is_long_ago_has_its_day() -> None:
    assert pages.format_age("2020-03-01T10:00:00Z") == "1 Mar 2020"
    assert pages.format_age(None) == "–"


@pytest.mark.parametrize(("text", "sentence"), [("the end", "The end."), ("The end.", "The end."), ("", ".")])
def test_a_message_becomes_a_sentence(text: str, sentence: str) -> None:
    assert pages.as_sentence(text) == sentence
