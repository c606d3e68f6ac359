"""Narrower items, and indexes of links that are filled in order."""

from alembic import op

revision = "0011"
down_revision = "0010"

LIST_INDEX = "links_workspace_id_created_at_idx"
OLD_LIST_INDEX = "links_workspace_id_created_at_slug_idx"
TAG_INDEX = "link_tags_workspace_id_tag_id_idx"
LINK_INDEX = "link_tags_domain_id_slug_idx"
KEY = ["domain_id", "slug", "generation", "tag_id"]
OLD_KEY = ["workspace_id", "tag_id", "domain_id", "slug", "generation"]
STATUSES = ("created", "updated", "deleted", "existing", "failed")


def upgrade() -> None:
    if _types_are_strict():
        _narrow_items()
    op.drop_index(OLD_LIST_INDEX, "links")
    op.create_index(LIST_INDEX, "links", ["workspace_id", "created_at"])
    _set_key_of_tags(KEY)
    op.drop_index(LINK_INDEX, "link_tags")
    op.create_index(TAG_INDEX, "link_tags", ["workspace_id", "tag_id"])


def _set_key_of_tags(columns: list[str]) -> None:
    """Replace the primary key of the tags. SQLite copies the table for that."""
    with op.batch_alter_table("link_tags") as link_tags:
        link_tags.drop_constraint("link_tags_pkey", type_="primary")
        link_tags.create_primary_key("link_tags_pkey", columns)


def _types_are_strict() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _narrow_items() -> None:
    """SQLite needs none of this: it stores each number in as few bytes as possible, and compares texts byte by byte."""
    names = ", ".join(f"'{status}'" for status in STATUSES)
    op.execute(f"CREATE TYPE item_status AS ENUM ({names})")
    # One statement, so that the table is written once.
    op.execute(
        'ALTER TABLE items ALTER COLUMN "index" TYPE integer, ALTER COLUMN line TYPE integer,'
        " ALTER COLUMN status TYPE item_status USING status::item_status"
    )
    op.execute('ALTER TABLE links ALTER COLUMN external_id TYPE text COLLATE "C"')
    op.execute("ANALYZE items")


def downgrade() -> None:
    op.drop_index(LIST_INDEX, "links")
    op.create_index(OLD_LIST_INDEX, "links", ["workspace_id", "created_at", "slug"])
    op.drop_index(TAG_INDEX, "link_tags")
    op.create_index(LINK_INDEX, "link_tags", ["domain_id", "slug"])
    _set_key_of_tags(OLD_KEY)
    if _types_are_strict():
        _widen_items()


def _widen_items() -> None:
    op.execute('ALTER TABLE links ALTER COLUMN external_id TYPE text COLLATE "default"')
    op.execute(
        'ALTER TABLE items ALTER COLUMN "index" TYPE bigint, ALTER COLUMN line TYPE bigint,'
        " ALTER COLUMN status TYPE text USING status::text"
    )
    op.execute("DROP TYPE item_status")
