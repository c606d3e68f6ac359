"""Alembic's entry point: it runs migrations on the engine of the store, or on the one that its configuration names.

All run in one transaction. Where indexes are built beside writers, each has its own, since that must be outside of one.
"""

from alembic import context

from models import store
from models.tables import metadata

engine = context.config.attributes.get("engine") or store.engine()
ONE_EACH = store.DIALECTS[engine.dialect.name].builds_indexes_beside_writers

with engine.connect() if ONE_EACH else store.write(on=engine) as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=False,
        render_as_batch=False,
        transaction_per_migration=ONE_EACH,
    )
    with context.begin_transaction():
        context.run_migrations()
