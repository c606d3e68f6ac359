"""Brings a database to the state that this code expects."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, column, select, table

from models import store
from models.accounts import domains, installation_secrets, stored_secrets
from models.errors import SettingsError
from models.partitions import links as link_partitions

SCRIPTS = Path(__file__).parent / "migrations"
LOCK = "linkmill upgrade"
VERSION = table("alembic_version", column("version_num"))


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other process, on whatever host, prepares this database, and keep others waiting."""
    with store.engine().connect() as connection, store.dialect().session_lock(connection, LOCK):
        yield


def upgrade(renames: bool = True) -> None:
    """Migrate, and add the rows that all other code relies on. A second call does nothing.

    `renames`: whether the default domain follows BASE_URL.
    """
    _refuse_unfinished_partitions()
    # Imported here: it takes a sixth of a second, and the processes of web, which know this module, never migrate.
    try:
        import_module("alembic.command").upgrade(config(), "head")
    except import_module("alembic.util").CommandError:
        _refuse_later_revision()
        raise
    with store.write() as db:
        installation_secrets.adopt_copy(db)
        stored_secrets.seal(db)
        installation_secrets.create_missing(db)
        domains.ensure_default(db, renames)


def create_tables(engine: Engine) -> None:
    """Migrate another database than that of this process, and add no rows."""
    other = config()
    other.attributes["engine"] = engine
    import_module("alembic.command").upgrade(other, "head")


def config() -> Any:
    """Return Alembic's configuration."""
    alembic_config = import_module("alembic.config").Config()
    alembic_config.set_main_option("script_location", str(SCRIPTS))
    return alembic_config


def revision(db: Connection) -> str:
    """Return the revision of the database's tables."""
    return str(db.execute(select(VERSION.c.version_num)).scalar_one())


def _refuse_unfinished_partitions() -> None:
    """Raise SettingsError before a migration of a table that is being copied: the copy would lack what it adds."""
    with store.read() as db:
        if link_partitions.is_unfinished(db) and revision(db) != _latest_revision():
            raise SettingsError(
                "DATABASE_URL: `flask --app web partition links` is at work on this database. Let it finish, or undo it"
                " with `--cancel`, before you upgrade."
            )


def _latest_revision() -> str:
    scripts = import_module("alembic.script").ScriptDirectory.from_config(config())
    return str(scripts.get_current_head())


def _refuse_later_revision() -> None:
    """Raise SettingsError when a later version of this code has migrated the database."""
    scripts = import_module("alembic.script").ScriptDirectory.from_config(config())
    known = {script.revision for script in scripts.walk_revisions()}
    with store.read() as db:
        current = revision(db)
    if current not in known:
        raise SettingsError(
            f"DATABASE_URL: a later version of Linkmill has migrated this database to revision {current},"
            f" and this version knows those up to {max(known)}. Start that version."
        ) from None
