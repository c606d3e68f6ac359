"""Dates as people and spreadsheets write them: which format a column has, and its values as ISO 8601."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from producer.fields.item_rules import MOMENT


class DateOrder(StrEnum):
    """What a date begins with where numbers alone do not show it."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


NUMBERS = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})"
    r"(?:(?:,? |T)(\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AP])\.?M\.?)?)?",
    re.ASCII | re.IGNORECASE,
)
"""Three numbers with the same sign between them, and perhaps a time of day."""
DAY_NUMBER = re.compile(r"[2-7]\d{4}(\.\d+)?", re.ASCII)
"""How Excel stores a date between 1954 and 2119, shown where a cell is not formatted as a date."""
EXCEL_DAY = "Excel day number"
FIRST_DAY = datetime(1899, 12, 30)
SECONDS_A_DAY = 86_400
MONTHS = 12


class AmbiguousColumn(ValueError):
    """Whether the dates of a column begin with the day or the month is not clear. The message says why."""


class Date(NamedTuple):
    """The numbers of a date, in the order in which they are written, and its time of day."""

    first: int
    sign: str
    second: int
    third: int
    begins_with_year: bool
    time: str

    @property
    def notation(self) -> tuple[str, bool]:
        return self.sign, self.begins_with_year


def find_format(cells: Iterable[str], order: str | None = None, day_numbers: bool = True) -> str | None:
    """The format of a column; None when its values are ISO 8601, or no dates. Raises AmbiguousColumn."""
    dates: list[Date] = []
    for cell in dict.fromkeys(cells):
        text = cell.strip(" ")
        if MOMENT.fullmatch(text.upper()):
            continue
        if day_numbers and not dates and DAY_NUMBER.fullmatch(text):
            return EXCEL_DAY
        date = _parse(text)
        if date and (not dates or date.notation == dates[0].notation):
            dates.append(date)
    if not dates:
        return None
    return _format_of(dates, order)


def _parse(text: str) -> Date | None:
    match = NUMBERS.fullmatch(text)
    if match is None:
        return None
    first, sign, second, third, *time = match.groups()
    begins_with_year = len(first) == 4
    if begins_with_year == (len(third) == 4) or len(first) == 3 or len(third) == 3:
        return None
    return Date(int(first), sign, int(second), int(third), begins_with_year, _time_text(*time))


def _time_text(hour: str | None, minute: str | None, second: str | None, half: str | None) -> str:
    if hour is None:
        return "00:00:00"
    number = int(hour)
    if half:
        number = number % 12 + (12 if half.upper() == "P" else 0)
    return f"{number:02}:{minute}:{second or '00'}"


def _format_of(dates: list[Date], order: str | None) -> str:
    sign, begins_with_year = dates[0].notation
    if begins_with_year:
        return f"YYYY{sign}MM{sign}DD"
    if order is None:
        order = DateOrder.DAY_FIRST if sign == "." else _order_of(dates)
    if order == DateOrder.DAY_FIRST:
        return f"DD{sign}MM{sign}YYYY"
    return f"MM{sign}DD{sign}YYYY"


def _order_of(dates: list[Date]) -> DateOrder:
    """The order that a number over 12 proves: it is no month."""
    day_first = next((date for date in dates if date.first > MONTHS), None)
    month_first = next((date for date in dates if date.second > MONTHS), None)
    if day_first and month_first:
        raise AmbiguousColumn(f"{_shown(day_first)} begins with the day and {_shown(month_first)} with the month")
    if day_first:
        return DateOrder.DAY_FIRST
    if month_first:
        return DateOrder.MONTH_FIRST
    raise AmbiguousColumn(f"{_shown(dates[0])} may begin with the day or the month, and so may all the others")


def _shown(date: Date) -> str:
    return f"{date.first:02}{date.sign}{date.second:02}{date.sign}{date.third}"


def to_iso(column: list[str], date_format: str) -> list[str]:
    """The column with its dates as ISO 8601. What does not have the format stays as it is, for its rule to judge."""
    converted = {cell: _iso_text(cell, date_format) for cell in dict.fromkeys(column)}
    return [converted[cell] for cell in column]


def _iso_text(cell: str, date_format: str) -> str:
    text = cell.strip(" ")
    if date_format == EXCEL_DAY:
        return _iso_day(text) if DAY_NUMBER.fullmatch(text) else cell
    date = None if MOMENT.fullmatch(text.upper()) else _parse(text)
    if date is None or date.sign != date_format.strip("YMD")[0] or date.begins_with_year != (date_format[0] == "Y"):
        return cell
    if date.begins_with_year:
        year, month, day = date.first, date.second, date.third
    elif date_format.startswith("DD"):
        year, month, day = date.third, date.second, date.first
    else:
        year, month, day = date.third, date.first, date.second
    return f"{year:04}-{month:02}-{day:02}T{date.time}Z"


def _iso_day(text: str) -> str:
    moment = FIRST_DAY + timedelta(seconds=round(float(text) * SECONDS_A_DAY))
    return f"{moment.isoformat()}Z"
