"""The clicks of a job's links, counted together.

A host of the version before counts no clicks of jobs: what it counts after this migration is missing in the charts of
jobs and of the overview, and is in those of links.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "job_clicks",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("referrer", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("job_id", "day", "device", "country", "referrer", name="job_clicks_pkey"),
    )
    op.execute(
        "INSERT INTO job_clicks (job_id, day, device, country, referrer, count) "
        "SELECT job_id, day, device, country, referrer, sum(count) FROM clicks "
        "WHERE NOT bot GROUP BY job_id, day, device, country, referrer"
    )


def downgrade() -> None:
    op.drop_table("job_clicks")
