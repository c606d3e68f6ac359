"""A batch of columns as the text that PostgreSQL's COPY reads."""

from collections.abc import Iterable
from itertools import repeat
from types import NoneType
from typing import Any

from models.store.dialect import Columns

NULL = r"\N"
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def shared_first(columns: Columns) -> Columns:
    """The columns in another order: those with one value for all rows come first, so that they are written as one."""
    return dict(sorted(columns.items(), key=lambda entry: _varies(entry[1])))


def copy_text(columns: Columns, rows: int) -> bytes:
    shared: list[str] = []
    cells: list[Iterable[str]] = []
    for column in columns.values():
        if _varies(column):
            cells.append(_texts(column))
        elif cells:
            cells.append(repeat(_text(column), rows))
        else:
            shared.append(_text(column))
    if shared:
        cells.insert(0, repeat("\t".join(shared), rows))
    lines = map("\t".join, zip(*cells, strict=True))
    return ("\n".join(lines) + "\n").encode()


def _varies(column: Any) -> bool:
    return isinstance(column, list | range)


def _texts(column: list[Any] | range) -> Iterable[str]:
    """Most columns are text without anything to escape: one look at the whole column is enough to know."""
    if isinstance(column, range):
        return map(str, column)
    types = set(map(type, column))
    if types == {str}:
        return column if _is_plain(column) else [value.translate(ESCAPES) for value in column]
    if types == {int}:
        return map(str, column)
    if types == {str, NoneType} and _is_plain(list(filter(None, column))):
        return [NULL if value is None else value for value in column]
    return [_text(value) for value in column]


def _is_plain(column: list[str]) -> bool:
    joined = "\n".join(column)
    has_line_breaks = joined.count("\n") > len(column) - 1
    return not (has_line_breaks or "\\" in joined or "\t" in joined or "\r" in joined)


def _text(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, str):
        return value.translate(ESCAPES)
    return str(value)
