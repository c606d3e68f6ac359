"""Jobs, their shards and their items."""

from sqlalchemy import JSON, BigInteger, Column, Double, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from models.tables.columns import Key, Time, count, flag, made, metadata

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
    Column("progressed_at", Time),  # when a shard of this run ended last
    count("before"),  # items that had their results when this run began
    Column("paced_at", Time),  # when the first shard of this run ended, and how many items had results then:
    count("paced"),  # from there on the rate is counted
    Column("cancelled_at", Time),  # when somebody asked for the end
    Column("of_job_id", BigInteger),  # undo: whose links go
    Column("cleared_at", Time),  # its upload and results are gone
    Column("forgotten_at", Time),  # nobody sees it any more
    flag("clearing"),  # its upload, items and shards are still to go
    Index(None, "workspace_id", "id"),
    Index(
        "jobs_open_idx", "id", postgresql_where=text("finished_at IS NULL"), sqlite_where=text("finished_at IS NULL")
    ),
    Index(
        "jobs_kept_idx",
        "finished_at",
        postgresql_where=text("cleared_at IS NULL"),
        sqlite_where=text("cleared_at IS NULL"),
    ),
    Index("jobs_clearing_idx", "id", postgresql_where=text("clearing"), sqlite_where=text("clearing")),
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
    Column("kind", Text, nullable=False),  # split, create, undo
    Column("queue", Text, nullable=False),
    Column("state", Text, nullable=False),  # queued, running, done or skipped: see models/shards.py
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
    Column("granted", Integer, nullable=False, server_default="0"),  # links that its workspace's quota has set aside
    Column("granted_at", Double),
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
