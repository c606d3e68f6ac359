"""A batch of columns as the text that PostgreSQL's COPY reads."""

from collections.abc import Iterator
from itertools import repeat
from typing import Any

from models.store.dialect import Columns

NULL = r"\N"
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copy_text(columns: Columns, rows: int) -> bytes:
    cells = [_cells(column, rows) for column in columns.values()]
    lines = map("\t".join, zip(*cells, strict=True))
    return ("\n".join(lines) + "\n").encode()


def _cells(column: Any, rows: int) -> Iterator[str]:
    if isinstance(column, str):
        return repeat(column.translate(ESCAPES), rows)
    if isinstance(column, range):
        return map(str, column)
    if isinstance(column, list):
        return iter(_texts(column))
    return repeat(_text(column), rows)


def _texts(column: list[Any]) -> list[str]:
    """Most columns are text without anything to escape: one look at the whole column is enough to know."""
    try:
        joined = "\n".join(column)
    except TypeError:
        return [_text(value) for value in column]
    has_line_breaks = joined.count("\n") != len(column) - 1
    if has_line_breaks or "\\" in joined or "\t" in joined or "\r" in joined:
        return [value.translate(ESCAPES) for value in column]
    return column


def _text(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, str):
        return value.translate(ESCAPES)
    return str(value)
