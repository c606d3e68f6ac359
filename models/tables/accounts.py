"""Workspaces, their keys, domains, webhook endpoints, quotas and idempotency keys."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from models.tables.columns import Sealed, SealedBytes, Time, count, created_at, flag, metadata

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", SealedBytes, nullable=False),
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("plan", Text, nullable=False),
    Column("webhook_secret", Sealed, nullable=False),
    Column("old_webhook_secret", Sealed),
    Column("old_until", Time),
    Column("bulk_limit", Integer),  # links in one URL Shortify call; null: the plan's limit
    flag("reuses"),  # whether the table `urls` is kept up to date for this workspace
    Column("url_backfill_cursor", Text),  # how far older links have been added to `urls`; null: all of them
    Column("served_at", Double, nullable=False, server_default="0"),  # when a worker last claimed a shard of it
    created_at(),
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
    created_at(),
)

domains = Table(
    "domains",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger),  # null: the default domain, which all workspaces share
    Column("hostname", Text, nullable=False),
    flag("is_default"),
    Column("case_sensitive", Boolean, nullable=False, server_default=text("true")),
    Column("verified_at", Time),  # when it was proven that the hostname is the workspace's; null: not yet
    created_at(),
    UniqueConstraint("workspace_id", "hostname"),
    Index(
        "domains_verified_idx",
        "hostname",
        unique=True,
        postgresql_where=text("verified_at IS NOT NULL"),
        sqlite_where=text("verified_at IS NOT NULL"),
    ),
)

ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("ended_at", Time, nullable=False, index=True),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("secret", Sealed, nullable=False),
    Column("old_secret", Sealed),
    Column("old_until", Time),
    Column("failing_since", Time),
    Column("disabled_at", Time),
    Column("disabled_reason", Text),
    created_at(),
)

quotas = Table(
    "quotas",
    metadata,
    Column("workspace_id", BigInteger, nullable=False),
    Column("period", Text, nullable=False),  # hour, day, total
    Column("start", BigInteger, nullable=False),  # when the counted window began; 0 for the total
    count("used"),
    PrimaryKeyConstraint("workspace_id", "period"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("workspace_id", BigInteger, nullable=False),
    Column("route", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("job_id", BigInteger),  # null: the first request is still being received
    Column("token", Text),  # of the request that is being received
    Column("leased_until", Double, nullable=False, index=True),
    created_at(),
    PrimaryKeyConstraint("workspace_id", "route", "key"),
)
