"""The states of jobs, shards and items, and the transitions between them.

A job:
    queued -> running       a worker claims the first shard
    running -> completed    every item has its result
    queued, running -> cancelled    a user cancels, and no shard is being worked on any more
    queued, running -> failed       the upload as a whole cannot be read
    completed, cancelled -> queued  a retry opens the next run

A shard:
    queued -> running       a worker claims it: it receives a token and a lease
    running -> done         the worker that still has the token commits its results
    running -> queued       the lease expires or the attempt fails; after the third failure the shard is halved
    queued, running -> skipped      its job was cancelled; a retry adds new shards for its rows

An item has one status from the start: it is written once, with its result. An item that has none is unprocessed.
"""

from enum import StrEnum


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class JobKind(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNDO = "undo"


class Outcome(StrEnum):
    """What a job came to, once it has ended."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"


class ShardState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"


class ShardKind(StrEnum):
    """What a worker does with a shard. Each value is also the name of the task."""

    SPLIT = "split"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNDO = "undo"


class ItemStatus(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    EXISTING = "existing"
    FAILED = "failed"
    UNPROCESSED = "unprocessed"


ACTIVE_STATUSES = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})
"""Statuses of a job that has not ended."""

ACTIVE_STATES = frozenset({ShardState.QUEUED, ShardState.RUNNING})
"""States of a shard that still has work to do."""

RESULT_STATUSES = tuple(status for status in ItemStatus if status is not ItemStatus.UNPROCESSED)
"""Statuses of an item that has a row of its own: an unprocessed one has none."""

UPLOAD_KINDS = (JobKind.CREATE, JobKind.UPDATE, JobKind.DELETE)
"""Kinds of jobs that work on the rows of an upload. Their shards have a kind of the same name."""

STATUSES_BY_KIND = {
    JobKind.CREATE: (
        ItemStatus.CREATED, ItemStatus.UPDATED, ItemStatus.EXISTING, ItemStatus.FAILED, ItemStatus.UNPROCESSED,
    ),
    JobKind.UPDATE: (ItemStatus.UPDATED, ItemStatus.EXISTING, ItemStatus.FAILED, ItemStatus.UNPROCESSED),
    JobKind.DELETE: (ItemStatus.DELETED, ItemStatus.EXISTING, ItemStatus.FAILED, ItemStatus.UNPROCESSED),
    JobKind.UNDO: (
        ItemStatus.CREATED, ItemStatus.UPDATED, ItemStatus.DELETED, ItemStatus.EXISTING, ItemStatus.FAILED,
        ItemStatus.UNPROCESSED,
    ),
}  # fmt: skip
"""Statuses that the items of a kind of job can have."""
