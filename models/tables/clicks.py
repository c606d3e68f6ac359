"""Clicks: never one by one, always as counts."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Double, Index, Integer, PrimaryKeyConstraint, Table, Text

from models.tables.columns import Key, count, metadata

clicks = Table(
    "clicks",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("slug", Key, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("bot", Boolean, nullable=False),
    Column("device", Text, nullable=False),
    Column("country", Text, nullable=False),  # "" where it is not known
    Column("referrer", Text, nullable=False),  # a host; "" where there was none
    Column("job_id", BigInteger, nullable=False),  # of the link: a job's clicks are asked for as one figure
    count("count"),
    PrimaryKeyConstraint("domain_id", "slug", "generation", "day", "bot", "device", "country", "referrer"),
    Index(None, "job_id", "day"),
)

uses = Table(  # of links with max_clicks, which are counted one by one after all
    "uses",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("slug", Key, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    PrimaryKeyConstraint("domain_id", "slug", "generation"),
)

click_batches = Table(  # what was drained lately: a batch that comes twice counts once
    "click_batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("drained_at", Double, nullable=False, index=True),
)
