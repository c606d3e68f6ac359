"""Counts of updated and deleted items, a column for what dry runs share, and plain names for five columns."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

RENAMED = (
    ("urls", "turn", "rank"),
    ("workspaces", "hashed_to", "url_backfill_cursor"),
    ("jobs", "before", "run_base_count"),
    ("jobs", "paced_at", "rate_base_at"),
    ("jobs", "paced", "rate_base_count"),
)
UNDO_JOBS = "SELECT id FROM jobs WHERE kind = 'undo'"
OPEN_DRY_RUNS = "SELECT id FROM jobs WHERE dry_run AND finished_at IS NULL"


def upgrade() -> None:
    for table, old, new in RENAMED:
        op.alter_column(table, old, new_column_name=new)
    op.add_column("jobs", sa.Column("updated", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("deleted", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("items", sa.Column("reuses_url", sa.Boolean(), nullable=True))
    # An undo counted the links that it deleted as created.
    op.execute("UPDATE jobs SET deleted = created, created = 0 WHERE kind = 'undo'")
    op.execute(f"UPDATE items SET status = 'deleted' WHERE status = 'created' AND job_id IN ({UNDO_JOBS})")
    # Rows that would not share a link were marked inside their JSON.
    op.execute(
        f"""UPDATE items SET reuses_url = true WHERE input NOT LIKE '{{"lone"%' AND job_id IN ({OPEN_DRY_RUNS})"""
    )


def downgrade() -> None:
    op.execute(f"UPDATE items SET status = 'created' WHERE status = 'deleted' AND job_id IN ({UNDO_JOBS})")
    op.execute("UPDATE jobs SET created = deleted WHERE kind = 'undo'")
    op.drop_column("items", "reuses_url")
    op.drop_column("jobs", "deleted")
    op.drop_column("jobs", "updated")
    for table, old, new in reversed(RENAMED):
        op.alter_column(table, new, new_column_name=old)
