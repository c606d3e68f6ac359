"""A batch: the rows of a shard as columns, one list per field, since columns are several times faster to work on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

LONGEST_EXCERPT = 300  # characters of an unreadable row that its item keeps


class ItemProblem(NamedTuple):
    """Why an item fails. It is a value and not an exception, since the rows beside it go on."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    rows: int
    lines: Sequence[int]
    """The line of the upload on which each row begins."""
    columns: dict[str, list[Any]]
    """Values by item field; None or "" where a row has none."""
    problems: dict[int, ItemProblem]
    """Rows that cannot be read, by their place in the batch."""
    raw: Callable[[int], dict[str, Any]]
    """Returns a row as the client sent it."""
    typed: bool = False
    """Whether values have types of their own, as in JSON."""
    clean: bool = False
    """Whether no value has a control character."""


def malformed_row(line: int, problem: str) -> ItemProblem:
    return ItemProblem("MALFORMED_ROW", f"Line {line}: {problem}")
