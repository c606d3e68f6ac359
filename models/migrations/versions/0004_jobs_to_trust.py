"""Jobs that can be cancelled, retried, undone and forgotten; URLs that are known already."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INDEXES = (
    ("jobs_kept_idx", "finished_at", "cleared_at IS NULL"),
    ("jobs_clearing_idx", "id", "clearing"),
)


def upgrade() -> None:
    op.create_table(
        "urls",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "domain_id", "hash", "turn", name=op.f("urls_pkey")),
    )
    op.create_index(op.f("urls_domain_id_slug_idx"), "urls", ["domain_id", "slug"], unique=False)
    op.add_column("jobs", sa.Column("progressed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("before", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("paced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("paced", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("of_job_id", sa.BigInteger(), nullable=True))
    op.add_column("jobs", sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("clearing", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    for name, column, where in INDEXES:
        op.create_index(name, "jobs", [column], postgresql_where=sa.text(where), sqlite_where=sa.text(where))
    op.add_column("workspaces", sa.Column("reuses", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("workspaces", sa.Column("hashed_to", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("workspaces", "hashed_to")
    op.drop_column("workspaces", "reuses")
    for name, _, _ in INDEXES:
        op.drop_index(name, table_name="jobs")
    op.drop_column("jobs", "clearing")
    op.drop_column("jobs", "forgotten_at")
    op.drop_column("jobs", "cleared_at")
    op.drop_column("jobs", "of_job_id")
    op.drop_column("jobs", "cancelled_at")
    op.drop_column("jobs", "paced")
    op.drop_column("jobs", "paced_at")
    op.drop_column("jobs", "before")
    op.drop_column("jobs", "progressed_at")
    op.drop_index(op.f("urls_domain_id_slug_idx"), table_name="urls")
    op.drop_table("urls")
