"""`/app/jobs/{id}`: how a job goes, what failed and why, its rows, its webhooks and its clicks."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from models import store
from models.accounts import domains
from models.clicks import click_counts
from models.ids import parse_id
from models.jobs import jobs, runs
from models.jobs.jobs import Job
from models.jobs.states import STATUSES_BY_KIND, ItemStatus, JobKind
from producer import job_actions
from producer.documents import item_pages
from producer.documents.item_document import item_document
from producer.documents.job_document import job_document
from producer.documents.link_document import job_stats_document
from producer.documents.schemas.links import MOST_ZIPPED
from web.api.deliveries import sent_for
from web.api.jobs import ended, find
from web.dashboard.frame import charts, pages
from web.dashboard.frame.reasons import REASONS

ROWS = 50
LOOKED_AT = 500  # failed rows among which there are examples
EXAMPLES = 3
MOST_ZIPS = 12

blueprint = Blueprint("job", __name__)


@blueprint.get("/jobs/<job_id>")
def show(job_id: str) -> Response:
    row = find(parse_id(job_id))
    with store.read() as db:
        shown = job_document(row, jobs.errors(db, row.id))
        undone = runs.is_being_undone(db, row.id)
        clicked = job_stats_document(click_counts.of_job(db, row.id))
    return pages.page(
        "job",
        job=shown,
        of_job=row.of_job_id,
        open=not ended(row),
        can=job_actions.useful_actions(row, undone),
        reasons=REASONS,
        examples=_examples(row) if row.failed and not row.cleared_at else {},
        statuses=STATUSES_BY_KIND[JobKind(row.kind)],
        zips=_zips(row),
        deliveries=sent_for(row.id),
        clicked=clicked,
        days=charts.days(clicked["by_day"]),
        **_rows(row),
    )


def _zips(row: Job) -> list[tuple[int, int]]:
    """First and last row of each zip of QR codes: one has so many at most."""
    has_links = row.kind == JobKind.CREATE and not row.dry_run and row.created + row.existing
    total = (row.total or 0) if has_links else 0
    return [(first, min(first + MOST_ZIPPED, total)) for first in range(0, total, MOST_ZIPPED)][:MOST_ZIPS]


def _rows(row: Job) -> dict[str, Any]:
    """A page of its rows, of one status or of all."""
    status = request.args.get("status") if request.args.get("status") in tuple(ItemStatus) else None
    cursor = request.args.get("cursor", "")
    after = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 19 else -1
    found = [] if row.cleared_at else item_pages.page(row, [status] if status else [], after, ROWS + 1)
    base = domains.base_url(row.hostname, row.is_default)
    more = None
    if len(found) > ROWS:
        more = url_for(".show", job_id=row.id, status=status, cursor=found[ROWS - 1].at, _anchor="rows")
    return {"rows": [item_document(one, base) for one in found[:ROWS]], "status": status, "after": after, "more": more}


def _examples(row: Job) -> dict[str, list[dict[str, Any]]]:
    """For each error some of the first rows that have it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in item_pages.page(row, [ItemStatus.FAILED], -1, LOOKED_AT):
        few = found.setdefault(one.error_code or "", [])
        if len(few) < EXAMPLES:
            few.append(item_document(one, ""))
    return found
