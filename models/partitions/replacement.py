"""A partitioned table takes the place and the names of a plain one."""

from typing import NamedTuple

from sqlalchemy import Connection, text


class Index(NamedTuple):
    name: str
    definition: str
    """The statement that creates it; of a primary key what follows CONSTRAINT."""
    is_primary: bool


def indexes(db: Connection, table: str) -> list[Index]:
    """List the indexes of a table as the database has them, the primary key first."""
    return [Index(*row) for row in db.execute(INDEXES, {"table": table})]


def step_aside(db: Connection, table: str, name: str) -> None:
    """Give a table and its indexes other names."""
    db.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    db.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")
    for index in indexes(db, name):
        db.exec_driver_sql(f"ALTER INDEX {index.name} RENAME TO {name}_{index.name}")


def create_parent(db: Connection, table: str, model: str, partition_by: str) -> None:
    """Create a table without partitions and indexes, with the columns of another, for the same roles."""
    copied = "INCLUDING ALL EXCLUDING INDEXES EXCLUDING CONSTRAINTS"
    db.exec_driver_sql(f"CREATE TABLE {table} (LIKE {model} {copied}) PARTITION BY {partition_by}")
    for grant in db.execute(GRANTS, {"model": model, "table": table}).scalars().all():
        db.exec_driver_sql(grant)


def create_indexes(db: Connection, table: str, some: list[Index]) -> None:
    """Create indexes of a partitioned table. Those that its partitions have already become part of them."""
    for index in some:
        if index.is_primary:
            db.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {index.name} {index.definition}")
        else:
            db.exec_driver_sql(index.definition)


def name_indexes(db: Connection, partition: str, prefix: str) -> None:
    """Name the indexes of a partition after those of its table, which have a prefix."""
    for name, whole in db.execute(INDEXES_OF_PARTITION, {"partition": partition}).all():
        db.exec_driver_sql(f"ALTER INDEX {name} RENAME TO {partition}_{whole.removeprefix(prefix)}")


INDEXES_OF_PARTITION = text(
    """
    SELECT part.relname, whole.relname FROM pg_index
    JOIN pg_class AS part ON part.oid = indexrelid
    JOIN pg_inherits ON inhrelid = indexrelid JOIN pg_class AS whole ON whole.oid = inhparent
    WHERE indrelid = to_regclass(CAST(:partition AS text))
    """
)
INDEXES = text(
    """
    SELECT relname, coalesce(pg_get_constraintdef(pg_constraint.oid), pg_get_indexdef(indexrelid)), indisprimary
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    LEFT JOIN pg_constraint ON conindid = indexrelid AND contype = 'p'
    WHERE indrelid = to_regclass(CAST(:table AS text)) ORDER BY indisprimary DESC, relname
    """
)
GRANTS = text(
    """
    SELECT format('GRANT %s ON %I TO %s', privilege_type, CAST(:table AS text),
        CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
    FROM pg_class, aclexplode(relacl)
    WHERE pg_class.oid = to_regclass(CAST(:model AS text)) AND grantee <> relowner
    """
)
