"""Brings a database to the state that this code expects."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from models import store
from models.accounts import domains, installation_secrets

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade() -> None:
    """Migrates, and makes the rows that everything else takes for granted. Does nothing the second time."""
    command.upgrade(config(), "head")
    with store.write() as db:
        installation_secrets.create_missing(db)
        domains.ensure_default(db)


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    return made
