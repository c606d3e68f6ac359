"""Makes a database a copy of another. It can be done again, and then carries over what has changed since."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine

from models import migrate, store
from models.accounts import installation_secrets
from models.errors import Conflict
from models.moving import tables
from models.moving.tables import Copy
from models.tables import metadata


def copy(source: Engine, target: Engine, report: Callable[[Copy], None]) -> None:
    """Copy all rows that the source has at this moment. Raise Conflict when the target is an installation of its own.

    When this is interrupted, or the source has changed, call it again.
    """
    migrate.create_tables(target)
    with store.snapshot(source) as db:
        _begin(db, target)
        for table in metadata.sorted_tables:
            report(tables.copy(db, target, table))
        _check_counts(db, target)
    with store.write(on=target) as db:
        installation_secrets.mark_copy(db, installation_secrets.COMPLETE)


def _begin(source: Connection, target: Engine) -> None:
    with store.write(on=target) as db:
        if installation_secrets.copy_state(source) == installation_secrets.UNFINISHED:
            raise Conflict("This database is itself a copy that is not complete.")
        if installation_secrets.any_exists(db) and not installation_secrets.copy_state(db):
            raise Conflict("That database belongs to another installation already. Name an empty one.")
        if migrate.revision(source) != migrate.revision(db):
            raise Conflict(
                f"The tables to be copied have revision {migrate.revision(source)}, and this version of Linkmill has"
                f" {migrate.revision(db)}. Use the version that they were made by, and upgrade afterwards."
            )
        installation_secrets.mark_copy(db, installation_secrets.UNFINISHED)


def _check_counts(source: Connection, target: Engine) -> None:
    """Raise Conflict when a table does not have as many rows as it should."""
    with store.write(on=target) as db:
        for table in metadata.sorted_tables:
            expected = tables.count(source, table)
            present = tables.count(db, table)
            if present != expected:
                raise Conflict(
                    f"{table.name} has {present:,} rows, and {expected:,} were to be copied. Run this again."
                )
