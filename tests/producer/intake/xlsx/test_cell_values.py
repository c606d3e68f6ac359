"""Values of cells as text."""

import time

import pytest

from producer.intake.xlsx import cell_values


@pytest.mark.parametrize(
    ("code", "shows"),
    [
        ("yyyy-mm-dd", True),
        ("[$-409]m/d/yy h:mm AM/PM;@", True),
        ("[h]:mm", True),
        ("TT.MM.JJJJ", True),
        ("General", False),
        ("0.00E+00", False),
        ('#,##0.00" days"', False),
        ("[Red]0.0", False),
        (r"0\d", False),
    ],
)
def test_a_date_is_recognised_by_its_format(code: str, shows: bool) -> None:
    styles = [("numFmt", {"numFmtId": "164", "formatCode": code}), ("cellXfs", {}), ("xf", {"numFmtId": "164"})]
    assert cell_values.date_styles(styles) == [shows]


def test_a_format_that_no_spreadsheet_writes_takes_no_time() -> None:
    begun = time.thread_time()
    assert cell_values.date_styles([("numFmt", {"numFmtId": "164", "formatCode": "[h" * 50_000})]) == []
    assert time.thread_time() - begun < 0.5


@pytest.mark.parametrize(
    ("text", "since_1904", "read"),
    [
        ("1", False, "1900-01-01"),
        ("59", False, "1900-02-28"),
        ("61", False, "1900-03-01"),
        ("45000.5", False, "2023-03-15T12:00:00"),
        ("45000.999999", False, "2023-03-16"),
        ("43538", True, "2023-03-15"),
        ("0.25", False, "06:00:00"),
        ("-1", False, "-1"),
        ("3000000", False, "3000000"),
    ],
)
def test_days_are_counted_as_spreadsheets_count_them(text: str, since_1904: bool, read: str) -> None:
    assert cell_values.date_text(text, since_1904) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("7", "7"),
        ("7.0", "7"),
        ("0.10000000000000001", "0.1"),
        ("1E3", "1000"),
        ("-2.5", "-2.5"),
        ("1E300", "1e+300"),
        ("1234567890123456", "1234567890123456"),
        ("12345678901234567890", "12345678901234567890"),
        ("1.2345678901234567E19", "1.2345678901234567e+19"),
    ],
)
def test_numbers_are_written_as_people_do(text: str, read: str) -> None:
    assert cell_values.number_text(text) == read
