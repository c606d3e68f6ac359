"""A shard of changes: its rows judged, and the links that they name."""

from collections.abc import Sequence

from models import store
from models.jobs import leases
from models.jobs.jobs import Job
from models.jobs.leases import Claim
from models.links import labels
from models.links.bulk import found_links
from models.store import Connection
from producer.intake.batch import Batch
from producer.job_options import judging_context
from producer.rules.changes import JudgedChanges, judge_changes
from workers.shards import shard_rows
from workers.shards.changes.working_links import WorkingLinks, sought_links, with_stored_times

TIME_COLUMNS = frozenset(("created_at", "expires_at", "disabled_at"))


def judge_rows(claim: Claim, job: Job, rows: Batch) -> JudgedChanges:
    if claim.attempts > leases.MAX_ATTEMPTS:  # the shard was halved until this row was alone, and it failed again
        problems = dict.fromkeys(range(rows.rows), shard_rows.INTERNAL_ERROR)
        return JudgedChanges({}, problems, [None] * rows.rows)
    groups: dict[str, int] = {}
    if any(rows.columns.get("group", ())):
        with store.read() as db:
            groups = labels.group_ids(db, job.workspace_id)
    context = judging_context(job, groups, job.options, shard_rows.domains_of(job, rows))
    return judge_changes(rows, context, job.options.get("empty", ""))


def find_links(db: Connection, job: Job, judged: JudgedChanges, columns: Sequence[str]) -> WorkingLinks:
    """Read the links that rows name, and lock them unless this is a dry run."""
    names = judged.names
    if judged.problems:
        names = [name for row, name in enumerate(names) if row not in judged.problems]
    sought = sought_links(names)
    if sought.external_ids and "external_id" not in columns:
        columns = [*columns, "external_id"]
    rows = found_links.find(db, job.workspace_id, sought, columns, lock=not job.dry_run)
    links = WorkingLinks(rows, columns)
    if not TIME_COLUMNS.isdisjoint(columns):
        for link in links.all:
            link.values = with_stored_times(link.values)
    return links
