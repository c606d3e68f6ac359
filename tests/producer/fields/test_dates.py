"""Which format the dates of a column have, and what they are as ISO 8601."""

import pytest

from producer.fields.dates import EXCEL_DAY, AmbiguousColumn, find_format, to_iso


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["31.12.2026"], "DD.MM.YYYY"),
        (["01.02.2026"], "DD.MM.YYYY"),
        (["12/31/2026", "01/02/2026"], "MM/DD/YYYY"),
        (["", "01/02/2026", "31/12/2026"], "DD/MM/YYYY"),
        (["1-2-2026", "13-2-2026 10:00"], "DD-MM-YYYY"),
        (["2026/12/31"], "YYYY/MM/DD"),
        (["2026-1-5"], "YYYY-MM-DD"),
        (["46387", "46387.5"], EXCEL_DAY),
        (["2026-12-31", "2026-12-31T10:00:00Z", "2026-12-31 10:00"], None),
        (["2026-12-31", "31.12.2026"], "DD.MM.YYYY"),
        (["soon", "12/31/2026 11:59 PM"], "MM/DD/YYYY"),
        (["31.12.2026", "12/31/2026", "1/2/2026"], "DD.MM.YYYY"),
        (["soon", "1", "1767225600", "2026", "12:30", "31.12", "31.12.26", "1.2.026", "31.12/2026"], None),
        ([], None),
    ],
)
def test_the_format_of_a_column_is_found(cells: list[str], expected: str | None) -> None:
    assert find_format(cells) == expected


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["01/02/2026", "2026-12-31", "12-31-2026"], "01/02/2026 may begin with the day or the month"),
        (["05/05/2026"], "05/05/2026 may begin with the day or the month"),
        (["1/13/2026", "31/1/2026"], "31/01/2026 begins with the day and 01/13/2026 with the month"),
    ],
)
def test_a_column_that_may_be_read_in_two_ways_is_ambiguous(cells: list[str], message: str) -> None:
    with pytest.raises(AmbiguousColumn, match=message):
        find_format(cells)
    assert find_format(cells, "day-first") == "DD/MM/YYYY"
    assert find_format(cells, "month-first") == "MM/DD/YYYY"


def test_numbers_are_no_dates_where_days_are_counted_otherwise() -> None:
    assert find_format(["46387"], day_numbers=False) is None


@pytest.mark.parametrize(
    ("cell", "date_format", "iso"),
    [
        ("31.12.2026", "DD.MM.YYYY", "2026-12-31T00:00:00Z"),
        (" 1.2.2026 ", "DD.MM.YYYY", "2026-02-01T00:00:00Z"),
        ("31.12.2026 23:59", "DD.MM.YYYY", "2026-12-31T23:59:00Z"),
        ("12/31/2026, 11:59:58 PM", "MM/DD/YYYY", "2026-12-31T23:59:58Z"),
        ("12/31/2026 12:05am", "MM/DD/YYYY", "2026-12-31T00:05:00Z"),
        ("12/31/2026 12:05 p.m.", "MM/DD/YYYY", "2026-12-31T12:05:00Z"),
        ("2026/1/2T3:04", "YYYY/MM/DD", "2026-01-02T03:04:00Z"),
        ("46387", EXCEL_DAY, "2026-12-31T00:00:00Z"),
        ("46387.999988426", EXCEL_DAY, "2026-12-31T23:59:59Z"),
        ("2026-12-31", "DD.MM.YYYY", "2026-12-31"),
        ("2026-12-31T00:00:00+02:00", EXCEL_DAY, "2026-12-31T00:00:00+02:00"),
        ("12/31/2026", "DD.MM.YYYY", "12/31/2026"),
        ("2026/12/31", "DD/MM/YYYY", "2026/12/31"),
        ("31.12.26", "DD.MM.YYYY", "31.12.26"),
        ("", "DD.MM.YYYY", ""),
        ("soon", EXCEL_DAY, "soon"),
        ("31/12/2026", "MM/DD/YYYY", "2026-31-12T00:00:00Z"),
        ("01/01/0026", "MM/DD/YYYY", "0026-01-01T00:00:00Z"),
    ],
)
def test_what_has_the_format_becomes_iso_8601_and_the_rest_is_left_to_its_rule(
    cell: str, date_format: str, iso: str
) -> None:
    assert to_iso([cell, cell], date_format) == [iso, iso]
