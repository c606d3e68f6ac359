"""Lists of links by status find their rows in partial indexes."""

from models import indexes

revision = "0013"
down_revision = "0012"

PARTIAL = {
    "links_disabled_idx": ("created_at", "disabled_at IS NOT NULL"),
    "links_expiring_idx": ("created_at", "expires_at IS NOT NULL"),
    "links_expiry_idx": ("expires_at", "expires_at IS NOT NULL"),
    "links_limited_idx": ("created_at", "max_clicks IS NOT NULL"),
}


def upgrade() -> None:
    for name, (column, where) in PARTIAL.items():
        indexes.create(name, "links", ["workspace_id", column], where)


def downgrade() -> None:
    for name in PARTIAL:
        indexes.drop(name, "links")
