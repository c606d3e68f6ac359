"""Jobs that change and delete links: what an item changed, and the links that may come back."""

import sqlalchemy as sa
from alembic import op

from models.tables.columns import SlugText

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("items", sa.Column("changes", sa.Text(), nullable=True))
    op.create_table(
        "deleted_links",
        sa.Column("deleted_by", sa.BigInteger(), nullable=False),
        sa.Column("item_index", sa.BigInteger(), nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", SlugText, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("max_clicks", sa.Integer()),
        sa.Column("group_id", sa.Integer()),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("password_hash", sa.Text()),
        sa.Column("external_id", SlugText),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.Column("comment", sa.Text()),
        sa.Column("opening_clicks", sa.Integer()),
        sa.PrimaryKeyConstraint("deleted_by", "item_index", name="deleted_links_pkey"),
    )


def downgrade() -> None:
    op.drop_table("deleted_links")
    op.drop_column("items", "changes")
