"""Alembic's entry point: it runs migrations on the engine of the store.

All are one transaction, or each is one where an index may be built beside writers: that needs to be in none.
"""

from alembic import context

from models import store
from models.tables import metadata

ONE_EACH = store.dialect().builds_indexes_beside_writers

with store.engine().connect() if ONE_EACH else store.write() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=False,
        render_as_batch=False,
        transaction_per_migration=ONE_EACH,
    )
    with context.begin_transaction():
        context.run_migrations()
