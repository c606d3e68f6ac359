"""A worker finds the next shard of each workspace with one look into the index."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

NAME = "shards_open_idx"
IS_OPEN = sa.text("state <> 'done'")
COLUMNS = ["queue", "kind", "state"]
KEY = ["workspace_id", "job_id", "run", "first_index"]


def upgrade() -> None:
    op.drop_index(NAME, "shards")
    op.create_index(NAME, "shards", COLUMNS + KEY, postgresql_where=IS_OPEN, sqlite_where=IS_OPEN)


def downgrade() -> None:
    op.drop_index(NAME, "shards")
    op.create_index(NAME, "shards", COLUMNS, postgresql_where=IS_OPEN, sqlite_where=IS_OPEN)
