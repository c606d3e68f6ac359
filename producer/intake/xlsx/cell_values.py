"""Values of cells as text: numbers as people write them, dates as ISO 8601."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from producer.intake.xlsx.elements import Element

DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""Numbers of the built-in formats that show a date or a time."""
LONGEST_FORMAT = 255  # that spreadsheets write; the time to look at one grows with the square of its length
MOST_DIGITS = 15  # that a spreadsheet keeps of a number
FIRST_DAY_1900 = datetime(1899, 12, 30)
FIRST_DAY_1904 = datetime(1904, 1, 1)
LEAP_DAY = 60  # 29 February 1900, which never was, yet spreadsheets count it
LAST_DAY = 2_958_466


def date_styles(elements: Iterable[Element]) -> list[bool]:
    """For each style of a workbook, whether it shows a date."""
    formats = dict.fromkeys(DATE_FORMATS, True)
    styles: list[bool] = []
    in_cell_styles = False
    for name, attributes in elements:
        if name == "numFmt":
            formats[int(attributes["numFmtId"])] = _shows_date(attributes.get("formatCode", ""))
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            in_cell_styles = name == "cellXfs"
        elif name == "xf" and in_cell_styles:
            styles.append(formats.get(int(attributes.get("numFmtId", 0)), False))
    return styles


def _shows_date(format_code: str) -> bool:
    positive = format_code[:LONGEST_FORMAT].partition(";")[0]
    return DATE_LETTERS.search(NOT_LETTERS.sub("", positive)) is not None


DATE_LETTERS = re.compile("[dmyhs]", re.IGNORECASE)
NOT_LETTERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
"""Quoted and escaped text, padding, and conditions in brackets."""


def number_text(text: str) -> str:
    """1.0 becomes 1, and 0.10000000000000001 becomes 0.1. Ids keep all their digits, as other programs write them."""
    if text.isdigit():
        return text
    value = float(text)
    if value.is_integer() and abs(value) < 10**MOST_DIGITS:
        return str(int(value))
    return repr(value)


def date_text(text: str, since_1904: bool) -> str:
    """The day, the time, or both, of a number of days."""
    days = float(text)
    if not 0 <= days < LAST_DAY:
        return number_text(text)
    first_day = FIRST_DAY_1904 if since_1904 else FIRST_DAY_1900
    has_day = days >= 1
    if not since_1904 and days < LEAP_DAY:
        days += 1
    moment = first_day + timedelta(seconds=round(days * 86400))
    if not has_day:
        return moment.time().isoformat()
    if moment.time() == datetime.min.time():
        return moment.date().isoformat()
    return moment.isoformat()
