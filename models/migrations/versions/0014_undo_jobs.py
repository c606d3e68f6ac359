"""The job that undid another one is found by an index."""

from models import indexes

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    indexes.create("jobs_undo_idx", "jobs", ["of_job_id"], "of_job_id IS NOT NULL")


def downgrade() -> None:
    indexes.drop("jobs_undo_idx", "jobs")
