"""How often the lease of a shard ran out while its worker waited for the database."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("shards", sa.Column("delays", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("shards", "delays")
