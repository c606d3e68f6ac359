"""All clicks of each link, for lists by clicks, and all clicks of each workspace by day.

A host of the version before counts neither. Once all hosts have this version, `flask --app web recount` adds what such
hosts have counted after this migration.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "link_clicks",
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("domain_id", "slug", "generation", name="link_clicks_pkey"),
    )
    for table in ("links", "deleted_links"):  # two may have the same key, and then share their clicks
        op.execute(LINK_CLICKS.format(table=table))
    rank = ["workspace_id", "total", "domain_id", "slug", "generation", "last_day"]
    op.create_index("link_clicks_rank_idx", "link_clicks", rank)
    op.create_table(
        "workspace_clicks",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("workspace_id", "day", name="workspace_clicks_pkey"),
    )
    op.execute(WORKSPACE_CLICKS)
    op.execute("DELETE FROM job_clicks WHERE job_id NOT IN (SELECT id FROM jobs)")


LINK_CLICKS = """
INSERT INTO link_clicks (domain_id, slug, generation, workspace_id, last_day, total)
SELECT own.domain_id, own.slug, own.generation, own.workspace_id, coalesce(counted.last_day, '0001-01-01'),
       coalesce(counted.times, 0) + coalesce(own.opening_clicks, 0)
FROM {table} AS own LEFT JOIN (
    SELECT domain_id, slug, generation, max(day) AS last_day, sum(count) AS times
    FROM clicks WHERE NOT bot GROUP BY domain_id, slug, generation
) AS counted
    ON counted.domain_id = own.domain_id AND counted.slug = own.slug AND counted.generation = own.generation
WHERE counted.times > 0 OR own.opening_clicks > 0
ON CONFLICT DO NOTHING
"""
WORKSPACE_CLICKS = """
INSERT INTO workspace_clicks (workspace_id, day, count)
SELECT known.workspace_id, job_clicks.day, sum(job_clicks.count)
FROM job_clicks JOIN (
    SELECT id AS job_id, workspace_id FROM jobs
    UNION SELECT job_id, workspace_id FROM links
    UNION SELECT job_id, workspace_id FROM deleted_links
) AS known ON known.job_id = job_clicks.job_id
GROUP BY known.workspace_id, job_clicks.day
"""


def downgrade() -> None:
    op.drop_table("workspace_clicks")
    op.drop_table("link_clicks")
