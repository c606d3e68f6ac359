"""Alembic's entry point: it runs all migrations in one transaction, on the engine of the store."""

from alembic import context

from models import store
from models.tables import metadata

with store.write() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_type=False, render_as_batch=False)
    with context.begin_transaction():
        context.run_migrations()
