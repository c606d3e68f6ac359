"""Indexes that migrations add to tables which may be large: others go on writing, and none is left half-built."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from models import store
from models.partitions import catalog


def create(name: str, table: str, columns: Sequence[str], where: str) -> None:
    """Create a partial index. What an interrupted attempt has left of it is dropped first."""
    with _without_transaction() as concurrently:
        if catalog.is_partitioned(op.get_bind(), table):
            _create_in_parts(name, table, columns, where)
            return
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=concurrently)
        _create(name, table, columns, where, concurrently)


def drop(name: str, table: str) -> None:
    with _without_transaction() as concurrently:
        beside = concurrently and not catalog.is_partitioned(op.get_bind(), table)
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=beside)


def _create(name: str, table: str, columns: Sequence[str], where: str, concurrently: bool) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        list(columns),
        postgresql_where=condition,
        sqlite_where=condition,
        postgresql_concurrently=concurrently,
    )


def _create_in_parts(name: str, table: str, columns: Sequence[str], where: str) -> None:
    """PostgreSQL builds no index of a partitioned table beside writers, but that of each partition."""
    op.drop_index(name, table, if_exists=True)
    op.execute(f"CREATE INDEX {name} ON ONLY {table} ({', '.join(columns)}) WHERE {where}")
    for part in catalog.names(op.get_bind(), table):
        part_name = f"{part}_{name}"
        op.drop_index(part_name, part, if_exists=True, postgresql_concurrently=True)
        _create(part_name, part, columns, where, concurrently=True)
        op.execute(f"ALTER INDEX {name} ATTACH PARTITION {part_name}")


@contextmanager
def _without_transaction() -> Iterator[bool]:
    """Leave the migration's transaction where CONCURRENTLY asks for that."""
    if not store.DIALECTS[op.get_bind().dialect.name].builds_indexes_beside_writers:
        yield False
        return
    with op.get_context().autocommit_block():
        yield True
