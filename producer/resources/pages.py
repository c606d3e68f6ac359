"""A page of a list: some items, and the cursor of the next page."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from models import cursors

Row = TypeVar("Row")
Document = dict[str, Any]


class Page(NamedTuple):
    """The answer of every list."""

    items: list[Document]
    next_cursor: str | None


def cut(rows: Sequence[Row], limit: int, describe: Callable[[Row], Document], cursor: str = "id") -> Page:
    """Make a page of the first `limit` rows. The caller reads one row more, which shows that there is a next page.

    `cursor` names the member of the last item that the next page starts after.
    """
    items = [describe(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items, None)
    return Page(items, cursors.encode_number(items[-1][cursor]))
