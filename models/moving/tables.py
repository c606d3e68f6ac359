"""Makes a table equal to the same table of another database, page by page: only rows that differ are written."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Engine,
    Integer,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.exc import IntegrityError

from models import store
from models.accounts import installation_secrets
from models.tables import secrets
from models.tables.columns import SlugText, StoredTime, Time

PAGE_ROWS = 2000

Key = tuple[Any, ...]
Condition = ColumnElement[bool]


class Copy(NamedTuple):
    """What has been done to one table."""

    table: str
    rows: int
    written: int
    """Rows that were missing or different."""


def copy(source: Connection, target: Engine, table: Table) -> Copy:
    """Make a table of the target equal to that of the source."""
    try:
        return _copy_pages(source, target, table)
    except IntegrityError:
        # Since the last copy, a value that must be unique went from one row to another.
        with store.write(on=target) as db:
            db.execute(delete(table).where(_is_copied(table)))
        return _copy_pages(source, target, table)


def count(db: Connection, table: Table) -> int:
    """Count the rows of a table that are copied."""
    return int(db.execute(select(func.count()).select_from(table).where(_is_copied(table))).scalar_one())


def _copy_pages(source: Connection, target: Engine, table: Table) -> Copy:
    rows = 0
    written = 0
    after: Condition = true()
    for page in _pages(source, table):
        end = _start_of_key(table, page[-1])
        written += _copy_page(target, table, page, and_(after, _is_up_to(table, end)))
        after = _is_after(table, end)
        rows += len(page)
    # Nothing is left of the source. With a key that has no order, the one page was the whole table.
    if _ordered_columns(table) or not rows:
        _copy_page(target, table, [], after)
    return Copy(table.name, rows, written)


def _pages(source: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    """Read a table in the order of its key. Rows whose keys start alike are in one page."""
    query = select(table).where(_is_copied(table)).order_by(*table.primary_key.columns)
    page: list[Row[Any]] = []
    for row in source.execution_options(yield_per=PAGE_ROWS).execute(query):
        if len(page) >= PAGE_ROWS and _start_of_key(table, row) != _start_of_key(table, page[-1]):
            yield page
            page = []
        page.append(row)
    if page:
        yield page


def _copy_page(target: Engine, table: Table, page: Sequence[Row[Any]], is_in_page: Condition) -> int:
    """Make one range of keys equal; return how many rows were written."""
    with store.write(on=target) as db:
        present = {_key(table, row): row for row in db.execute(select(table).where(_is_copied(table), is_in_page))}
        different = []
        for row in page:
            key = _key(table, row)
            if key in present and present[key] == row:
                del present[key]
            else:
                different.append(row)
        _delete(db, table, present)
        _insert(db, table, different)
    return len(different)


def _delete(db: Connection, table: Table, keys: Iterable[Key]) -> None:
    """Delete what the source does not have, or has with other values."""
    rows = [{f"old_{number}": value for number, value in enumerate(key)} for key in keys]
    if rows:
        columns = table.primary_key.columns
        matches = [column == bindparam(f"old_{number}", type_=column.type) for number, column in enumerate(columns)]
        db.execute(delete(table).where(*matches), rows)


def _insert(db: Connection, table: Table, rows: Sequence[Row[Any]]) -> None:
    if rows:
        values = {column.name: bindparam(f"new_{column.name}", type_=_type_of(column)) for column in table.c}
        names = [f"new_{column.name}" for column in table.c]
        db.execute(insert(table).values(values), [dict(zip(names, row, strict=True)) for row in rows])


def _type_of(column: Any) -> Any:
    """A moment is written as links have it: SQLite compares moments as text."""
    return StoredTime if isinstance(column.type, Time) else column.type


def _is_copied(table: Table) -> Condition:
    """The mark of a copy belongs to the database that has it."""
    if table is secrets:
        return secrets.c.name != installation_secrets.COPY
    return true()


def _key(table: Table, row: Row[Any]) -> Key:
    return tuple(getattr(row, column.name) for column in table.primary_key.columns)


def _ordered_columns(table: Table) -> list[Any]:
    """The first columns of the key, as far as all databases order them alike: each sorts other texts in its own way."""
    columns: list[Any] = []
    for column in table.primary_key.columns:
        if column.type is not SlugText and not isinstance(column.type, Integer | Date):
            break
        columns.append(column)
    return columns


def _start_of_key(table: Table, row: Row[Any]) -> Key:
    return tuple(getattr(row, column.name) for column in _ordered_columns(table))


def _is_up_to(table: Table, end: Key) -> Condition:
    columns = _ordered_columns(table)
    return tuple_(*columns) <= _literals(columns, end) if columns else true()


def _is_after(table: Table, end: Key) -> Condition:
    columns = _ordered_columns(table)
    return tuple_(*columns) > _literals(columns, end) if columns else true()


def _literals(columns: Sequence[Any], values: Key) -> Any:
    return tuple_(*(literal(value, column.type) for column, value in zip(columns, values, strict=True)))
