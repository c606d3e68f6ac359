"""Brings a database to the state that this code expects."""

from importlib import import_module
from pathlib import Path
from typing import Any

from models import store
from models.accounts import domains, installation_secrets, stored_secrets

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade() -> None:
    """Migrate, and add the rows that all other code relies on. A second call does nothing."""
    # Imported here: it takes a sixth of a second, and the processes of web, which know this module, never migrate.
    import_module("alembic.command").upgrade(config(), "head")
    with store.write() as db:
        stored_secrets.seal(db)
        installation_secrets.create_missing(db)
        domains.ensure_default(db)


def config() -> Any:
    """Return Alembic's configuration."""
    alembic_config = import_module("alembic.config").Config()
    alembic_config.set_main_option("script_location", str(SCRIPTS))
    return alembic_config
