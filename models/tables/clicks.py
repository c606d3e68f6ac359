"""Clicks, as counts: no click is stored by itself."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Double, Index, Integer, PrimaryKeyConstraint, Table, Text

from models.tables.columns import SlugText, count, metadata

clicks = Table(
    "clicks",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("slug", SlugText, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("bot", Boolean, nullable=False),
    Column("device", Text, nullable=False),
    Column("country", Text, nullable=False),  # "" if unknown
    Column("referrer", Text, nullable=False),  # a host; "" if there was none
    Column("job_id", BigInteger, nullable=False),
    count("count"),
    PrimaryKeyConstraint("domain_id", "slug", "generation", "day", "bot", "device", "country", "referrer"),
    Index(None, "job_id", "day"),
)

job_clicks = Table(  # those of all links of a job, without those of bots: a job may have a million rows of `clicks`
    "job_clicks",
    metadata,
    Column("job_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("device", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("referrer", Text, nullable=False),
    count("count"),
    PrimaryKeyConstraint("job_id", "day", "device", "country", "referrer"),
)

workspace_clicks = Table(  # those of all links of a workspace by day, without those of bots
    "workspace_clicks",
    metadata,
    Column("workspace_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    count("count"),
    PrimaryKeyConstraint("workspace_id", "day"),
)

link_clicks = Table(  # all of a link, from before it came here too, without those of bots: lists are sorted by them
    "link_clicks",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("slug", SlugText, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("last_day", Date, nullable=False),  # on which some were written; the year 1 if none was counted here
    count("total"),
    PrimaryKeyConstraint("domain_id", "slug", "generation"),
    Index("link_clicks_rank_idx", "workspace_id", "total", "domain_id", "slug", "generation", "last_day"),
)

uses = Table(  # of links with max_clicks: the exact number of redirects
    "uses",
    metadata,
    Column("domain_id", BigInteger, nullable=False),
    Column("slug", SlugText, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    PrimaryKeyConstraint("domain_id", "slug", "generation"),
)

click_batches = Table(  # recently counted batches: one that arrives twice counts once
    "click_batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("drained_at", Double, nullable=False, index=True),
)
