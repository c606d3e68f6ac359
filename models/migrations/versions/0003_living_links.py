"""Links that live: clicks, quotas, and what a vendor call is owed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "click_batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("drained_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("click_batches_pkey")),
    )
    op.create_index(op.f("click_batches_drained_at_idx"), "click_batches", ["drained_at"], unique=False)
    op.create_table(
        "clicks",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("bot", sa.Boolean(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("referrer", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint(
            "domain_id", "slug", "generation", "day", "bot", "device", "country", "referrer", name=op.f("clicks_pkey")
        ),
    )
    op.create_index(op.f("clicks_job_id_day_idx"), "clicks", ["job_id", "day"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.Double(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "route", "key", name=op.f("idempotency_keys_pkey")),
    )
    op.create_index(op.f("idempotency_keys_leased_until_idx"), "idempotency_keys", ["leased_until"], unique=False)
    op.create_table(
        "quotas",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "period", name=op.f("quotas_pkey")),
    )
    op.create_table(
        "uses",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("domain_id", "slug", "generation", name=op.f("uses_pkey")),
    )
    op.create_index(op.f("link_tags_domain_id_slug_idx"), "link_tags", ["domain_id", "slug"], unique=False)
    op.add_column("links", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("shards", sa.Column("granted", sa.Integer(), server_default="0", nullable=False))
    op.add_column("shards", sa.Column("granted_at", sa.Double(), nullable=True))
    op.add_column("workspaces", sa.Column("bulk_limit", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("workspaces", "bulk_limit")
    op.drop_column("shards", "granted_at")
    op.drop_column("shards", "granted")
    op.drop_column("links", "disabled_at")
    op.drop_index(op.f("link_tags_domain_id_slug_idx"), table_name="link_tags")
    op.drop_table("uses")
    op.drop_table("quotas")
    op.drop_index(op.f("idempotency_keys_leased_until_idx"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index(op.f("clicks_job_id_day_idx"), table_name="clicks")
    op.drop_table("clicks")
    op.drop_index(op.f("click_batches_drained_at_idx"), table_name="click_batches")
    op.drop_table("click_batches")
