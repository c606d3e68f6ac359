"""What the cells of a spreadsheet say, as text: numbers as people write them, dates as ISO 8601 does."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from producer.intake.xlsx.elements import Element

DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""Formats that every spreadsheet has without saying so, and that show a date or a time."""
NOT_LETTERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
OF_DATES = re.compile("[dmyhs]", re.IGNORECASE)
FIRST_DAY = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}
LEAP_DAY = 60  # 1900 had none, yet spreadsheets count it
LAST_DAY = 2_958_466
PLAIN = 15  # digits that a number keeps


def dated(styles: Iterable[Element]) -> list[bool]:
    """For each style of a workbook, whether it shows a date."""
    formats, found, inside = dict.fromkeys(DATES, True), list[bool](), False
    for name, given in styles:
        if name == "numFmt":
            formats[int(given["numFmtId"])] = _shows_date(given.get("formatCode", ""))
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = name == "cellXfs"
        elif name == "xf" and inside:
            found.append(formats.get(int(given.get("numFmtId", 0)), False))
    return found


def _shows_date(code: str) -> bool:
    return OF_DATES.search(NOT_LETTERS.sub("", code.partition(";")[0])) is not None


def number(text: str) -> str:
    """1.0 is 1, and 0.10000000000000001 is 0.1."""
    if text.isdigit() and len(text) <= PLAIN:
        return text
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < 10**PLAIN else repr(value)


def date(text: str, since_1904: bool) -> str:
    """The day, the time, or both, of a number that counts days."""
    days = float(text)
    if not 0 <= days < LAST_DAY:
        return number(text)
    if not since_1904 and days < LEAP_DAY:
        days += 1
    moment = FIRST_DAY[since_1904] + timedelta(seconds=round(days * 86400))
    if float(text) < 1:
        return moment.time().isoformat()
    return moment.date().isoformat() if moment.time() == datetime.min.time() else moment.isoformat()
