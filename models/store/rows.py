"""Rows as values: classes whose fields have the names of the columns they are read from."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause
from sqlalchemy.sql.base import Executable

T = TypeVar("T")


def columns(table: FromClause, kind: Callable[..., Any]) -> list[ColumnElement[Any]]:
    """The columns of a table that a NamedTuple or dataclass has fields for, in the order of the fields."""
    names: tuple[str, ...] = kind.__match_args__  # type: ignore[attr-defined]
    return [table.c[name] for name in names]


def one(db: Connection, kind: Callable[..., T], query: Executable, values: Mapping[str, Any] | None = None) -> T:
    return kind(*db.execute(query, values).one())


def one_or_none(
    db: Connection, kind: Callable[..., T], query: Executable, values: Mapping[str, Any] | None = None
) -> T | None:
    """The only row of a query, or None when there is none."""
    row = db.execute(query, values).one_or_none()
    return None if row is None else kind(*row)


def many(db: Connection, kind: Callable[..., T], query: Executable, values: Mapping[str, Any] | None = None) -> list[T]:
    return [kind(*row) for row in db.execute(query, values).all()]
