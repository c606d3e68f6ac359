"""Domains are verified before they serve, and several workspaces may wait for the same one; sessions that have ended."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

IS_VERIFIED = sa.text("verified_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("domains", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE domains SET verified_at = created_at")  # those that serve already go on serving
    with op.batch_alter_table("domains") as domains:
        domains.drop_constraint("domains_hostname_key", type_="unique")
        domains.create_unique_constraint("domains_workspace_id_hostname_key", ["workspace_id", "hostname"])
    op.create_index(
        "domains_verified_idx",
        "domains",
        ["hostname"],
        unique=True,
        postgresql_where=IS_VERIFIED,
        sqlite_where=IS_VERIFIED,
    )
    op.create_table(
        "ended_sessions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("ended_sessions_pkey")),
    )
    op.create_index(op.f("ended_sessions_ended_at_idx"), "ended_sessions", ["ended_at"])


def downgrade() -> None:
    op.drop_table("ended_sessions")
    op.drop_index("domains_verified_idx", "domains")
    with op.batch_alter_table("domains") as domains:
        domains.drop_constraint("domains_workspace_id_hostname_key", type_="unique")
        domains.create_unique_constraint("domains_hostname_key", ["hostname"])
    op.drop_column("domains", "verified_at")
