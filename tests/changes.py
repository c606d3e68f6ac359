"""Jobs that change links, run in this process, and what they leave behind."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from models import store
from models.accounts.keys import Owner
from models.jobs.jobs import Job
from models.link_key import LinkKey, format_link_id
from models.tables import items, links
from producer import control
from producer.accept import Upload, accept, query_upload
from producer.documents.change_document import change_document
from producer.intake.layouts import NDJSON
from producer.job_options import Options
from tests.steps import read_job
from tests.work import work_off

Outcome = tuple[str, str | None, Any]
"""Status, error code and changes of an item."""


def run_rows(owner: Owner, rows: Sequence[dict[str, Any]], **options: Any) -> Job:
    """Run a job of some rows to its end."""
    return run_upload(owner, _upload(rows), **options)


def accept_rows(owner: Owner, rows: Sequence[dict[str, Any]], **options: Any) -> int:
    """Accept a job of some rows; return its id."""
    return accept(_upload(rows), owner, lambda: Options(**options))


def _upload(rows: Sequence[dict[str, Any]]) -> Upload:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return Upload(NDJSON, NDJSON, [text.encode()])


def run_query(owner: Owner, **options: Any) -> Job:
    return run_upload(owner, query_upload(), **options)


def run_upload(owner: Owner, upload: Upload, **options: Any) -> Job:
    job_id = accept(upload, owner, lambda: Options(**options))
    for queue in ("bulk", "interactive", "bulk"):
        work_off(queue=queue)
    return read_job(job_id)


def run_undo(job: Job) -> Job:
    undo_id = control.undo(job)
    work_off(queue="bulk")
    return read_job(undo_id)


def outcomes(job: Job) -> list[Outcome]:
    query = select(items.c.status, items.c.error_code, items.c.changes).where(items.c.job_id == job.id)
    with store.read() as db:
        rows = db.execute(query.order_by(items.c.index)).all()
    return [(row.status, row.error_code, change_document(row.changes)) for row in rows]


def statuses(job: Job) -> list[str]:
    return [code or status for status, code, _ in outcomes(job)]


def link_rows() -> dict[str, Any]:
    """Every link by its slug."""
    with store.read() as db:
        return {row.slug: row for row in db.execute(select(links))}


def link_id(slug: str) -> str:
    row = link_rows()[slug]
    return format_link_id(LinkKey(row.domain_id, row.slug, row.generation))
