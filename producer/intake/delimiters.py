"""The delimiter of a CSV file: as its first line declares it, or as its beginning shows."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import islice

from models.errors import Unreadable
from producer.intake.csv_text.records import split_records
from producer.intake.headers import count_known, is_url

DELIMITERS = (",", ";", "\t", "|")
NAMES = {
    "comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|",
    ",": ",", ";": ";", "\t": "\t", "|": "|",
}  # fmt: skip
"""What a client may call them."""
SAMPLE_ROWS = 50
EVEN_ENOUGH = 0.8  # of the rows have as many cells as the first
DECLARATION = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)

Table = list[list[str]]


def declared_delimiter(line: str) -> str | None:
    """The delimiter of a first line like `sep=;`, which Excel writes and reads."""
    match = DECLARATION.fullmatch(line)
    if match is None:
        return None
    if match[1] not in DELIMITERS:
        raise Unreadable(f"sep={match[1]} is not supported. A delimiter is a comma, a semicolon, a tab or a pipe.")
    return match[1]


def sniff_delimiter(lines: Sequence[str], mapped_columns: Collection[str | None], scheme: str = "") -> str:
    """The delimiter under which the first line makes most sense, as a header or as the first row of a list of URLs."""
    first_record = lines[0] if '"' not in lines[0] else "\n".join(lines)
    present = [sign for sign in DELIMITERS if sign in first_record]
    is_list = is_url(lines[0], scheme)
    if len(present) < 2 and not is_list:
        return present[0] if present else ","
    tables = {sign: _table(lines, sign) for sign in present}
    if is_list:
        return _delimiter_of_list(lines[:SAMPLE_ROWS], tables)
    return max(present, key=lambda sign: _fit_of_header(tables[sign], mapped_columns))


def _table(lines: Sequence[str], delimiter: str) -> Table:
    return [record.cells or [] for record in islice(split_records(lines, delimiter), SAMPLE_ROWS)]


def _fit_of_header(table: Table, mapped_columns: Collection[str | None]) -> tuple[int, float, int]:
    return count_known(table[0], mapped_columns), _evenness(table), len(table[0])


def _evenness(table: Table) -> float:
    """The share of rows that are as wide as the first."""
    return Counter(map(len, table))[len(table[0])] / len(table)


def _delimiter_of_list(lines: Sequence[str], tables: dict[str, Table]) -> str:
    """URLs may contain any of the signs: only one that divides nearly all rows alike is a delimiter."""
    even = [sign for sign, table in tables.items() if len(table[0]) > 1 and _evenness(table) >= EVEN_ENOUGH]
    if even:
        return max(even, key=lambda sign: (_evenness(tables[sign]), len(tables[sign][0])))
    text = "\n".join(lines)
    for sign in DELIMITERS:
        if sign not in text:
            return sign
    return ","
