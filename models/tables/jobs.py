"""Jobs, their shards and their items."""

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
    text,
)

from models.states import RESULT_STATUSES
from models.tables.columns import SlugText, SmallIndex, StatusName, Time, count, created_at, flag, metadata

StatusText = Text().with_variant(StatusName(*RESULT_STATUSES, name="item_status"), "postgresql")
"""models.states.ItemStatus. People compare it with text."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("domain_id", BigInteger, nullable=False),
    Column("name", Text),
    Column("kind", Text, nullable=False),  # models.states.JobKind
    Column("run", Integer, nullable=False, server_default="1"),
    Column("status", Text, nullable=False),  # models.states.JobStatus
    Column("source", Text, nullable=False),
    Column("queue", Text, nullable=False),
    flag("dry_run"),
    Column("upload", Text, nullable=False),
    Column("layout", JSON, nullable=False),  # how to read the upload: producer.intake.layouts.Layout
    Column("options", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("total", BigInteger),
    count("created"),
    count("updated"),
    count("deleted"),
    count("existing"),
    count("failed"),
    Column("detail", Text),
    created_at(),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("progressed_at", Time),  # when the last shard of this run ended
    count("run_base_count"),  # items that had their results when this run began
    # The rate is computed from the end of this run's first shard: when it ended, and how many items had results then.
    Column("rate_base_at", Time),
    count("rate_base_count"),
    Column("cancelled_at", Time),  # when a user cancelled it; it ends as cancelled when no shard is being worked on
    Column("of_job_id", BigInteger),  # undo: the job that is undone
    Column("cleared_at", Time),  # when its upload and results became unavailable
    Column("forgotten_at", Time),  # when its user deleted it
    flag("clearing"),  # its upload, items and shards are still to be deleted
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
    Index(
        "jobs_undo_idx",
        "of_job_id",
        postgresql_where=text("of_job_id IS NOT NULL"),
        sqlite_where=text("of_job_id IS NOT NULL"),
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
    Column("kind", Text, nullable=False),  # models.states.ShardKind
    Column("queue", Text, nullable=False),
    Column("state", Text, nullable=False),  # models.states.ShardState
    Column("line", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("skip", Integer, nullable=False, server_default="0"),  # rows before the first one: those of another shard
    Column("rows", Integer, nullable=False),
    Column("after_index", BigInteger),  # it waits for all shards of its run that begin before this index
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("delays", Integer, nullable=False, server_default="0"),  # leases that ran out in the database
    Column("token", BigInteger),
    Column("owner", Text),  # the process or connection that has the lease: Dialect.owner
    Column("leased_until", Double),
    Column("sent_at", Double),
    Column("sends", Integer, nullable=False, server_default="0"),
    Column("granted", Integer, nullable=False, server_default="0"),  # links that the quota has set aside for it
    Column("granted_at", Double),
    PrimaryKeyConstraint("job_id", "run", "first_index"),
    Index(
        "shards_open_idx",
        "queue",
        "kind",
        "state",
        "workspace_id",
        "job_id",
        "run",
        "first_index",
        postgresql_where=text("state <> 'done'"),
        sqlite_where=text("state <> 'done'"),
    ),
    Index(
        "shards_order_idx",
        "job_id",
        "run",
        "first_index",
        postgresql_where=text("state <> 'done'"),
        sqlite_where=text("state <> 'done'"),
    ),
)

items = Table(
    "items",
    metadata,
    Column("job_id", BigInteger, nullable=False),
    Column("index", SmallIndex, nullable=False),
    Column("line", SmallIndex, nullable=False),
    Column("status", StatusText, nullable=False),
    Column("slug", SlugText),
    Column("generation", Integer),
    Column("external_id", Text),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("input", Text),  # the row as it was sent, as JSON, only if it created no link
    Column("domain_id", BigInteger),  # the link's domain; null: that of the job
    Column("custom_id", Text),
    Column("changes", Text),  # of a link that was updated, as JSON: models.jobs.item_changes
    Column("shares_url", Boolean),  # dry run: later rows of the same URL would get the link of this one
    PrimaryKeyConstraint("job_id", "index"),
    Index(  # a link that was there may be named by several items of a job
        "items_named_idx",
        "job_id",
        "slug",
        postgresql_where=text("status IN ('existing', 'updated')"),
        sqlite_where=text("status IN ('existing', 'updated')"),
    ),
)
