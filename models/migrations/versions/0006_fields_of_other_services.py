"""What exports of other services have: comments, opening clicks, a row's own domain and id; names of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("links", sa.Column("comment", sa.Text(), nullable=True))
    op.add_column("links", sa.Column("opening_clicks", sa.Integer(), nullable=True))
    op.add_column("items", sa.Column("domain_id", sa.BigInteger(), nullable=True))
    op.add_column("items", sa.Column("custom_id", sa.Text(), nullable=True))
    op.add_column("domains", sa.Column("case_sensitive", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("jobs", sa.Column("name", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "name")
    op.drop_column("domains", "case_sensitive")
    op.drop_column("items", "custom_id")
    op.drop_column("items", "domain_id")
    op.drop_column("links", "opening_clicks")
    op.drop_column("links", "comment")
