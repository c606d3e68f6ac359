"""A search index of links, and notes of the links that it lacks: at first all."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

UPGRADE_SECONDS = 3600.0
"""For so long hosts of the earlier version may write links without notes."""


def upgrade() -> None:
    op.create_table(
        "search_blocks",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("links", sa.Integer(), nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="search_blocks_pkey"),
    )
    op.create_index("search_blocks_workspace_id_first_at_idx", "search_blocks", ["workspace_id", "first_at"])
    op.create_table(
        "unindexed",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="unindexed_pkey"),
    )
    _note_all_links()


def _note_all_links() -> None:
    """Note all links that there are, and those that hosts of the earlier version write meanwhile."""
    note = (
        "INSERT INTO unindexed (workspace_id, id, first_at, last_at, noted_at)"
        " SELECT id, id, '0002-01-01 00:00:00', '9999-01-01 00:00:00', :noted_at FROM workspaces"
    )
    op.get_bind().execute(sa.text(note), {"noted_at": time.time() + UPGRADE_SECONDS})


def downgrade() -> None:
    op.drop_table("unindexed")
    op.drop_table("search_blocks")
