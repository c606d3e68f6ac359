"""Brings a database to the state that this code expects."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from models import store
from models.accounts import domains, installation_secrets, stored_secrets

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade() -> None:
    """Migrate, and add the rows that all other code relies on. A second call does nothing."""
    command.upgrade(config(), "head")
    with store.write() as db:
        stored_secrets.seal(db)
        installation_secrets.create_missing(db)
        domains.ensure_default(db)


def config() -> Config:
    alembic_config = Config()
    alembic_config.set_main_option("script_location", str(SCRIPTS))
    return alembic_config
