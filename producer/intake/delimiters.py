"""Where the lines of a CSV are divided: as the file itself says, or as its beginning shows."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import islice

from models.errors import Unreadable
from producer.intake.csv_records import records
from producer.intake.headers import is_url, known

DELIMITERS = (",", ";", "\t", "|")
NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"} | {sign: sign for sign in DELIMITERS}
"""How a client may call them."""
SAMPLED = 50  # rows
MOST_EVEN = 0.8
DECLARED = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)

Table = list[list[str]]


def declared(line: str) -> str | None:
    """The delimiter of a first line like `sep=;`, which Excel writes and reads."""
    found = DECLARED.fullmatch(line)
    if found and found[1] not in DELIMITERS:
        raise Unreadable(f"sep={found[1]}: a delimiter is one of comma, semicolon, tab and pipe")
    return found[1] if found else None


def sniffed(lines: Sequence[str], asked: Collection[str | None]) -> str:
    """The delimiter under which the first line makes most sense: as a header, or as the first row of a list."""
    beginning = lines[0] if '"' not in lines[0] else "\n".join(lines)
    present = [sign for sign in DELIMITERS if sign in beginning]
    listed = is_url(lines[0])
    if len(present) < 2 and not listed:
        return present[0] if present else ","
    tables = {sign: [row.cells or [] for row in islice(records(lines, sign), SAMPLED)] for sign in present}
    if listed:
        return _of_list(lines[:SAMPLED], tables)
    return max(present, key=lambda sign: _fit(tables[sign], asked))


def _fit(table: Table, asked: Collection[str | None]) -> tuple[int, float, int]:
    return known(table[0], asked), _even(table), len(table[0])


def _even(table: Table) -> float:
    """Which part of the rows is as wide as the first."""
    return Counter(map(len, table))[len(table[0])] / len(table)


def _of_list(lines: Sequence[str], tables: dict[str, Table]) -> str:
    """URLs may have any of these signs in them: only what divides nearly all rows alike is a delimiter."""
    even = [sign for sign, table in tables.items() if len(table[0]) > 1 and _even(table) >= MOST_EVEN]
    if even:
        return max(even, key=lambda sign: (_even(tables[sign]), len(tables[sign][0])))
    return next((sign for sign in DELIMITERS if not any(sign in line for line in lines)), ",")
