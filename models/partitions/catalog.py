"""What the database says of partitions."""

from typing import NamedTuple

from sqlalchemy import Connection, func, select, text

from models import store


class Partition(NamedTuple):
    """A partition, and the range of ids that it holds; None: no limit. The default partition has neither limit."""

    name: str
    first: int | None
    end: int | None


def is_partitioned(db: Connection, table: str) -> bool:
    if not _has_partitions(db):
        return False
    return bool(db.execute(IS_PARTITIONED, {"name": table}).scalar_one())


def partitions(db: Connection, table: str) -> list[Partition]:
    """List the partitions of a table in the order of their ranges, the default partition last."""
    if not _has_partitions(db):
        return []
    return [Partition(*row) for row in db.execute(PARTITIONS, {"name": table})]


def names(db: Connection, table: str) -> list[str]:
    return [partition.name for partition in partitions(db, table)]


def size(db: Connection, table: str) -> int:
    """Return the bytes of a table or partition, with its indexes."""
    return int(db.execute(select(func.pg_total_relation_size(table))).scalar_one())


def _has_partitions(db: Connection) -> bool:
    """The database may be another one than that of this process."""
    return store.DIALECTS[db.dialect.name].has_partitions


IS_PARTITIONED = text(
    "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(CAST(:name AS text)) AND relkind = 'p')"
)
# A bound of a range is a number in quotes, or MINVALUE.
PARTITIONS = text(
    r"""
    SELECT name, first, "end" FROM (
        SELECT part.relname AS name,
            CAST(substring(bounds FROM 'FROM \(''?(\d+)') AS bigint) AS first,
            CAST(substring(bounds FROM 'TO \(''?(\d+)') AS bigint) AS "end"
        FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid,
            pg_get_expr(part.relpartbound, part.oid) AS bounds
        WHERE inhparent = to_regclass(CAST(:name AS text))
    ) AS parts ORDER BY "end", name
    """
)
