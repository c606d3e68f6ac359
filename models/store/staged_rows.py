"""Batches of rows as arrays, which a statement of PostgreSQL joins with a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine, UserDefinedType

from models.store.dialect import ROW_ID, Columns

Types = Mapping[str, str]
"""PostgreSQL's types by column."""


def staged_rows(types: Types, name_of_keyed: str, keys: Columns, columns: Columns) -> tuple[str, str]:
    """Arrays of keys and values as a table to join, and the condition that joins its keys."""
    arrays = [f"%s::{_type_of(types, name)}[]" for name in (*keys, *columns)]
    names = [*(f'"of_{name}"' for name in keys), *(f'"{name}"' for name in columns)]
    staged = f"unnest({', '.join(arrays)}) AS staged ({', '.join(names)})"
    return staged, " AND ".join(f'{name_of_keyed}.{_key_column(name)} = staged."of_{name}"' for name in keys)


def _key_column(name: str) -> str:
    return "ctid" if name == ROW_ID else f'"{name}"'


def _type_of(types: Types, name: str) -> str:
    return "tid" if name == ROW_ID else types[name]


def name_of_type(kind: TypeEngine[Any]) -> str:
    """PostgreSQL's name of a column's type."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(kind.compile(dialect)).partition(" COLLATE")[0]


class SpelledArray(UserDefinedType[Any]):
    """The type of a parameter that is a list, or an array as PostgreSQL spells it."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, item_type: TypeEngine[Any]) -> None:
        self.item_type = item_type

    def get_col_spec(self, **_options: Any) -> str:
        return f"{name_of_type(self.item_type)}[]"


class ArrayText(str):
    """An array as PostgreSQL spells it. Its statement is planned each time, as one with a list is."""


def array_text(values: Sequence[Any]) -> Any:
    """Spell an array. The driver, which escapes each value, takes twenty times as long."""
    if all(type(value) is int for value in values):
        return ArrayText("{" + ",".join(map(str, values)) + "}")
    if not all(type(value) is str for value in values):
        return list(values)
    joined = '","'.join(values)
    is_plain = "\\" not in joined and joined.count('"') == 2 * (len(values) - 1)
    return ArrayText('{"' + joined + '"}') if is_plain and values else list(values)
