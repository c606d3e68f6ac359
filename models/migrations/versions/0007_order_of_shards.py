"""Which earlier shards a shard waits for, and which rows of a dry run later ones would share a link with."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

OPEN = sa.text("state <> 'done'")


def upgrade() -> None:
    op.add_column("shards", sa.Column("after_index", sa.BigInteger(), nullable=True))
    op.create_index(
        "shards_order_idx",
        "shards",
        ["job_id", "run", "first_index"],
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    )
    op.alter_column("items", "reuses_url", new_column_name="shares_url")


def downgrade() -> None:
    op.alter_column("items", "shares_url", new_column_name="reuses_url")
    op.drop_index("shards_order_idx", "shards")
    op.drop_column("shards", "after_index")
