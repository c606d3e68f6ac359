"""The items of a job that name a link which was there before are found by its slug."""

from models import indexes

revision = "0015"
down_revision = "0014"

NAME = "items_named_idx"


def upgrade() -> None:
    indexes.create(NAME, "items", ["job_id", "slug"], "status IN ('existing', 'updated')")


def downgrade() -> None:
    indexes.drop(NAME, "items")
