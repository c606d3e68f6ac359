"""Indexes that migrations add to tables which may be large: others go on writing, and none is left half-built."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from models import store


def create(name: str, table: str, columns: Sequence[str], where: str) -> None:
    """Create a partial index. What an interrupted attempt has left of it is dropped first."""
    condition = sa.text(where)
    with _without_transaction() as concurrently:
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=concurrently)
        op.create_index(
            name,
            table,
            list(columns),
            postgresql_where=condition,
            sqlite_where=condition,
            postgresql_concurrently=concurrently,
        )


def drop(name: str, table: str) -> None:
    with _without_transaction() as concurrently:
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=concurrently)


@contextmanager
def _without_transaction() -> Iterator[bool]:
    """Leave the migration's transaction where CONCURRENTLY asks for that."""
    if not store.DIALECTS[op.get_bind().dialect.name].builds_indexes_beside_writers:
        yield False
        return
    with op.get_context().autocommit_block():
        yield True
