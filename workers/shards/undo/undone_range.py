"""The range of items that a shard of an undo takes back, and what it records of them."""

from typing import NamedTuple

from models.jobs.jobs import Results
from models.store import Columns


class UndoneRange(NamedTuple):
    job_id: int
    """The job that is undone."""
    first: int
    rows: int


class UndonePart(NamedTuple):
    """The items of one kind: those that created, changed or deleted a link."""

    columns: Columns
    results: Results
    freed: int = 0
    """How many links no longer count in the quota."""
