"""Every table. People query `jobs`, `items` and `links`, so their names and columns are part of the product."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from models.columns import NAMES, Key, Time, count, flag, made

metadata = MetaData(naming_convention=NAMES)

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("plan", Text, nullable=False),
    Column("webhook_secret", Text, nullable=False),
    Column("old_webhook_secret", Text),
    Column("old_until", Time),
    Column("served_at", Double, nullable=False, server_default="0"),  # when a worker last took a shard of it
    made(),
)

domains = Table(
    "domains",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger),  # null: the default domain, which is everybody's
    Column("hostname", Text, nullable=False, unique=True),
    flag("is_default"),
    made(),
)

keys = Table(
    "keys",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("consumer_key", Text, nullable=False, unique=True),
    Column("consumer_secret_hash", Text, nullable=False),
    Column("last_used_at", Time),
    Column("revoked_at", Time),
    made(),
)

slug_counters = Table(
    "slug_counters",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("length", SmallInteger, nullable=False),
    Column("next_value", BigInteger, nullable=False),
    PrimaryKeyConstraint("domain_id", "length"),
)

reserved_slugs = Table("reserved_slugs", metadata, Column("slug", Key, primary_key=True))

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("domain_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("run", Integer, nullable=False, server_default="1"),
    Column("status", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("queue", Text, nullable=False),
    flag("dry_run"),
    Column("upload", Text, nullable=False),
    Column("layout", JSON, nullable=False),  # how the upload is to be read: producer.formats.Layout
    Column("options", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("total", BigInteger),
    count("created"),
    count("existing"),
    count("failed"),
    Column("detail", Text),
    made(),
    Column("started_at", Time),
    Column("finished_at", Time),
    Index(None, "workspace_id", "id"),
    Index(
        "jobs_open_idx", "id", postgresql_where=text("finished_at IS NULL"), sqlite_where=text("finished_at IS NULL")
    ),
)

job_errors = Table(
    "job_errors",
    metadata,
    Column("job_id", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    count("count"),
    PrimaryKeyConstraint("job_id", "code"),
)

shards = Table(
    "shards",
    metadata,
    Column("job_id", BigInteger, nullable=False),
    Column("run", Integer, nullable=False),
    Column("first_index", BigInteger, nullable=False),  # -1: the shard that cuts the upload into the others
    Column("workspace_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),  # split, create
    Column("queue", Text, nullable=False),
    Column("state", Text, nullable=False),  # queued -> running -> done; running -> queued when a lease runs out
    Column("line", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("skip", Integer, nullable=False, server_default="0"),  # rows of the bytes that belong to a sister shard
    Column("rows", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("token", BigInteger),
    Column("owner", Text),  # who holds the lease, as the store knows it
    Column("leased_until", Double),
    Column("sent_at", Double),
    Column("sends", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("job_id", "run", "first_index"),
    Index(
        "shards_open_idx",
        "queue",
        "kind",
        "state",
        postgresql_where=text("state <> 'done'"),
        sqlite_where=text("state <> 'done'"),
    ),
)

items = Table(
    "items",
    metadata,
    Column("job_id", BigInteger, nullable=False),
    Column("index", BigInteger, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("slug", Key),
    Column("generation", Integer),
    Column("external_id", Text),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("input", Text),  # the row as it came, as JSON, only where it made no link
    PrimaryKeyConstraint("job_id", "index"),
)

links = Table(
    "links",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("slug", Key, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("job_id", BigInteger, nullable=False),
    made(),
    Column("expires_at", Time),
    Column("max_clicks", Integer),
    Column("group_id", Integer),
    Column("url", Text, nullable=False),
    Column("title", Text),
    Column("password_hash", Text),
    Column("external_id", Text),
    PrimaryKeyConstraint("domain_id", "slug"),
    Index(None, "workspace_id", "created_at", "slug"),
    Index(
        "links_external_id_key",
        "workspace_id",
        "external_id",
        unique=True,
        postgresql_where=text("external_id IS NOT NULL"),
        sqlite_where=text("external_id IS NOT NULL"),
    ),
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
    Column("slug", Key, nullable=False),
    Column("generation", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "tag_id", "domain_id", "slug", "generation"),
    CheckConstraint("tag_id > 0", name="tag_id"),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("secret", Text, nullable=False),
    Column("old_secret", Text),
    Column("old_until", Time),
    Column("failing_since", Time),
    Column("disabled_at", Time),
    Column("disabled_reason", Text),
    made(),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("job_id", BigInteger, nullable=False),  # 0: a test event
    Column("run", Integer, nullable=False),
    Column("endpoint_id", BigInteger, nullable=False, index=True),  # 0: the job's own webhook_url
    Column("type", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("status", Text, nullable=False),  # pending -> delivered or failed; by hand back to pending
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Double),
    Column("token", BigInteger),
    Column("leased_until", Double),
    made(),
    Index(None, "job_id"),
    Index(
        "deliveries_due_idx",
        "next_at",
        postgresql_where=text("next_at IS NOT NULL"),
        sqlite_where=text("next_at IS NOT NULL"),
    ),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("delivery_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Time, nullable=False),
    Column("status_code", Integer),
    Column("error", Text),
    Column("seconds", Double, nullable=False),
    Column("answer", Text),
    PrimaryKeyConstraint("delivery_id", "number"),
)

untitled = Table(
    "untitled",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("slug", Key, nullable=False),
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
