"""Links with opening clicks are found by an index, for lists by clicks."""

from models import indexes

revision = "0016"
down_revision = "0015"

NAME = "links_opening_idx"


def upgrade() -> None:
    indexes.create(NAME, "links", ["workspace_id"], "opening_clicks IS NOT NULL")


def downgrade() -> None:
    indexes.drop(NAME, "links")
