"""Links, their groups and tags, and the tables from which slugs and titles come."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from models.tables.columns import SlugText, Time, created_at, metadata


def partial_index(name: str, where: str, *columns: str) -> Index:
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))


slug_counters = Table(
    "slug_counters",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("length", SmallInteger, nullable=False),
    Column("next_value", BigInteger, nullable=False),
    PrimaryKeyConstraint("domain_id", "length"),
)

reserved_slugs = Table("reserved_slugs", metadata, Column("slug", SlugText, primary_key=True))

links = Table(
    "links",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("slug", SlugText, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("job_id", BigInteger, nullable=False),
    created_at(),
    Column("expires_at", Time),
    Column("max_clicks", Integer),
    Column("group_id", Integer),
    Column("url", Text, nullable=False),
    Column("title", Text),
    Column("password_hash", Text),
    Column("external_id", SlugText),
    Column("disabled_at", Time),
    Column("comment", Text),
    Column("opening_clicks", Integer),  # counted elsewhere, before the link was created here
    PrimaryKeyConstraint("domain_id", "slug"),
    Index(None, "workspace_id", "created_at"),
    # For lists by status. A link without such a condition is in none of them, and costs nothing.
    partial_index("links_disabled_idx", "disabled_at IS NOT NULL", "workspace_id", "created_at"),
    partial_index("links_expiring_idx", "expires_at IS NOT NULL", "workspace_id", "created_at"),
    partial_index("links_expiry_idx", "expires_at IS NOT NULL", "workspace_id", "expires_at"),
    partial_index("links_limited_idx", "max_clicks IS NOT NULL", "workspace_id", "created_at"),
    partial_index("links_opening_idx", "opening_clicks IS NOT NULL", "workspace_id"),
    Index(
        "links_external_id_key",
        "workspace_id",
        "external_id",
        unique=True,
        postgresql_where=text("external_id IS NOT NULL"),
        sqlite_where=text("external_id IS NOT NULL"),
    ),
)

deleted_links = Table(  # what the undo of a job that deleted links needs, until the job's retention ends
    "deleted_links",
    metadata,
    Column("deleted_by", BigInteger, nullable=False),  # the job
    Column("item_index", BigInteger, nullable=False),  # its item
    *(Column(column.name, column.type, nullable=column.nullable) for column in links.c),
    PrimaryKeyConstraint("deleted_by", "item_index"),
)

groups = Table(
    "groups",
    metadata,
    Column("workspace_id", BigInteger, nullable=False),
    Column("id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "name"),
)

tags = Table(
    "tags",
    metadata,
    Column("workspace_id", BigInteger, nullable=False),
    Column("id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "name"),
)

link_tags = Table(
    "link_tags",
    metadata,
    Column("workspace_id", BigInteger, nullable=False),
    Column("tag_id", Integer, nullable=False),
    Column("domain_id", BigInteger, nullable=False),
    Column("slug", SlugText, nullable=False),
    Column("generation", Integer, nullable=False),
    PrimaryKeyConstraint("domain_id", "slug", "generation", "tag_id"),  # as links are written, so it is filled in order
    Index(None, "workspace_id", "tag_id"),
    CheckConstraint("tag_id > 0", name="tag_id"),
)

untitled = Table(
    "untitled",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("slug", SlugText, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("job_id", BigInteger, nullable=False),
    Column("url", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("leased_until", Double, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("domain_id", "slug"),
    Index(None, "host", "leased_until"),
    Index(None, "leased_until"),
    Index(None, "job_id"),
)

urls = Table(  # the links that a URL has, for jobs that reuse them
    "urls",
    metadata,
    Column("workspace_id", BigInteger, nullable=False),
    Column("domain_id", BigInteger, nullable=False),
    Column("hash", BigInteger, nullable=False),
    Column("rank", BigInteger, nullable=False),  # 0: the link that reusing jobs share; others have a random rank
    Column("slug", SlugText, nullable=False),
    Column("generation", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "domain_id", "hash", "rank"),
    Index(None, "domain_id", "slug"),
)
