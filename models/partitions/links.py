"""Makes links of a living installation a table with partitions by hash of the slug. Interrupted, it goes on.

Another table is filled behind the writers, while triggers carry over each of their changes. When both have the same
rows, it takes the place and the name of the first one, in a moment.
"""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, text

from models import store
from models.errors import Conflict
from models.partitions import brief_locks, catalog, external_ids, mirror, replacement
from models.partitions.external_ids import LINKS
from models.partitions.replacement import Index

NEXT = "links_next"
FORMER = "links_before"

Report = Callable[[str], None]


def partition(count: int, report: Report) -> None:
    """Distribute links over so many partitions. Workers and web go on meanwhile, more slowly."""
    with store.read() as db:
        is_partitioned = catalog.is_partitioned(db, LINKS)
    if is_partitioned:
        report("links is partitioned already.")
    else:
        _fill(count, report)
        brief_locks.change(_replace)
        report("links is partitioned.")
    brief_locks.change(_drop_former)


def cancel(report: Report) -> None:
    """Undo what was begun and not finished."""
    with store.read() as db:
        has_begun = is_unfinished(db)
    if not has_begun:
        report("There is nothing to cancel.")
        return
    brief_locks.change(_discard_next)
    report("links stays one table.")


def is_unfinished(db: Connection) -> bool:
    """Return whether links is being copied to partitions, or the copy was interrupted."""
    return catalog.is_partitioned(db, NEXT)


def _fill(count: int, report: Report) -> None:
    with store.write() as db:
        if not is_unfinished(db):
            _create_next(db, count)
    brief_locks.change(partial(mirror.start, table=LINKS, copy=NEXT))
    mirror.copy_rest(LINKS, NEXT, report)
    report("All links are copied. Comparing.")
    with store.write() as db:
        db.exec_driver_sql(f"ANALYZE {NEXT}")
        # One statement sees one state of the database.
        present, copied = db.execute(COUNTS).one()
    if present != copied:
        raise Conflict(f"links has {present:,} rows, and its copy {copied:,}.")


def _create_next(db: Connection, count: int) -> None:
    replacement.create_parent(db, NEXT, LINKS, "HASH (slug)")
    for number in range(count):
        bounds = f"WITH (MODULUS {count}, REMAINDER {number})"
        db.exec_driver_sql(f"CREATE TABLE {LINKS}_{number:02} PARTITION OF {NEXT} FOR VALUES {bounds}")
    indexes = [_index_of_next(index) for index in replacement.indexes(db, LINKS)]
    replacement.create_indexes(db, NEXT, indexes)
    for name in catalog.names(db, NEXT):
        replacement.name_indexes(db, name, prefix=f"{NEXT}_")
    external_ids.create(db, NEXT)


def _index_of_next(index: Index) -> Index:
    """The same index of the other table. A unique one would have to contain the slug: external_ids has it instead."""
    name = f"{NEXT}_{index.name}"
    definition = index.definition.replace("CREATE UNIQUE INDEX", "CREATE INDEX")
    definition = definition.replace(f"INDEX {index.name} ", f"INDEX {name} ")
    return Index(name, definition.replace(f".{LINKS} USING", f".{NEXT} USING"), index.is_primary)


def _replace(db: Connection) -> bool:
    names = [index.name for index in replacement.indexes(db, LINKS)]
    replacement.step_aside(db, LINKS, FORMER)
    mirror.stop(db, FORMER)
    db.exec_driver_sql(f"ALTER TABLE {NEXT} RENAME TO {LINKS}")
    for name in names:
        db.exec_driver_sql(f"ALTER INDEX {NEXT}_{name} RENAME TO {name}")
    return True


def _discard_next(db: Connection) -> bool:
    mirror.stop(db, LINKS)
    db.exec_driver_sql(f"DROP TABLE {NEXT}")
    external_ids.remove(db)
    return True


def _drop_former(db: Connection) -> bool:
    db.exec_driver_sql(f"DROP TABLE IF EXISTS {FORMER}")
    return True


COUNTS = text(f"SELECT (SELECT count(*) FROM {LINKS}), (SELECT count(*) FROM {NEXT})")
