from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select

from models import migrate, settings, store
from models.accounts import installation_secrets
from models.accounts.keys import Owner
from models.tables import domains, metadata


def test_migrations_make_the_tables_as_they_are_written_down(owner: Owner) -> None:
    with store.engine().connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(context, metadata) == []


def test_a_second_upgrade_changes_nothing(owner: Owner) -> None:
    with store.read() as db:
        before = [installation_secrets.read(db, name) for name in installation_secrets.ALL]
    migrate.upgrade()
    with store.read() as db:
        assert [installation_secrets.read(db, name) for name in installation_secrets.ALL] == before
        assert db.execute(select(func.count()).select_from(domains)).scalar() == 1
        assert db.execute(select(domains.c.hostname)).scalar() == settings.get().authority


def test_migrations_go_back_and_forth(owner: Owner) -> None:
    command.downgrade(migrate.config(), "base")
    migrate.upgrade()
    with store.engine().connect() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
