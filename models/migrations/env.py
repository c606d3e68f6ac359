"""Alembic's entry point: it runs migrations in transactions on the engine of the store."""

from alembic import context

from models import store
from models.tables import metadata

with store.engine().connect() as connection:
    context.configure(
        connection=connection.execution_options(**store.write_options()),
        target_metadata=metadata,
        compare_type=False,
        render_as_batch=False,
        transaction_per_migration=store.dialect().builds_indexes_beside_writers,
    )
    with context.begin_transaction():
        context.run_migrations()
