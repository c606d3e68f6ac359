"""Webhook deliveries and the attempts to send them."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from models.tables.columns import Time, created_at, metadata

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
    Column("status", Text, nullable=False),  # models.webhooks.deliveries.DeliveryStatus
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Double),
    Column("token", BigInteger),
    Column("leased_until", Double),
    created_at(),
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
