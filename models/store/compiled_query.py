"""Compiled queries: a query as the driver takes it. The only module that reads private attributes of SQLAlchemy."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, Select

RawRow = tuple[Any, ...]


class CompiledQuery:
    """A query's text, the order of its parameters, and how to convert the driver's values."""

    def __init__(self, engine: Engine, query: Select[Any]) -> None:
        compiled: Any = query.compile(engine)
        self.text = str(compiled)
        # None where the driver takes parameters by name.
        self.parameter_order: list[str] | None = compiled.positiontup
        self.converters: list[tuple[int, Any]] = []
        for position, column in enumerate(query.selected_columns):
            converter = column.type.dialect_impl(engine.dialect).result_processor(engine.dialect, None)
            if converter:
                self.converters.append((position, converter))

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return the values as the driver takes them."""
        if self.parameter_order is None:
            return values
        return [values[name] for name in self.parameter_order]

    def convert(self, row: RawRow) -> RawRow:
        """Convert the driver's row to the values that SQLAlchemy would return."""
        cells = list(row)
        for position, converter in self.converters:
            if cells[position] is not None:
                cells[position] = converter(cells[position])
        return tuple(cells)
