"""Webhooks and titles."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.Double(), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=True),
        sa.Column("leased_until", sa.Double(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("deliveries_pkey")),
    )
    op.create_index(
        "deliveries_due_idx",
        "deliveries",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
        sqlite_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index(op.f("deliveries_endpoint_id_idx"), "deliveries", ["endpoint_id"], unique=False)
    op.create_index(op.f("deliveries_job_id_idx"), "deliveries", ["job_id"], unique=False)
    op.create_table(
        "delivery_attempts",
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("delivery_attempts_pkey")),
    )
    op.create_table(
        "endpoints",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("endpoints_pkey")),
    )
    op.create_index(op.f("endpoints_workspace_id_idx"), "endpoints", ["workspace_id"], unique=False)
    op.create_table(
        "untitled",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("leased_until", sa.Double(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("domain_id", "slug", name=op.f("untitled_pkey")),
    )
    op.create_index(op.f("untitled_host_leased_until_idx"), "untitled", ["host", "leased_until"], unique=False)
    op.create_index(op.f("untitled_job_id_idx"), "untitled", ["job_id"], unique=False)
    op.create_index(op.f("untitled_leased_until_idx"), "untitled", ["leased_until"], unique=False)
    op.add_column("workspaces", sa.Column("old_webhook_secret", sa.Text(), nullable=True))
    op.add_column("workspaces", sa.Column("old_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("workspaces", "old_until")
    op.drop_column("workspaces", "old_webhook_secret")
    op.drop_index(op.f("untitled_leased_until_idx"), table_name="untitled")
    op.drop_index(op.f("untitled_job_id_idx"), table_name="untitled")
    op.drop_index(op.f("untitled_host_leased_until_idx"), table_name="untitled")
    op.drop_table("untitled")
    op.drop_index(op.f("endpoints_workspace_id_idx"), table_name="endpoints")
    op.drop_table("endpoints")
    op.drop_table("delivery_attempts")
    op.drop_index(op.f("deliveries_job_id_idx"), table_name="deliveries")
    op.drop_index(op.f("deliveries_endpoint_id_idx"), table_name="deliveries")
    op.drop_index(
        "deliveries_due_idx",
        table_name="deliveries",
        postgresql_where=sa.text("next_at IS NOT NULL"),
        sqlite_where=sa.text("next_at IS NOT NULL"),
    )
    op.drop_table("deliveries")
