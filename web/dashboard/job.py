"""`/app/jobs/{id}`: the progress of a job, what failed and why, its rows, its webhooks and its clicks."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from models.jobs.jobs import Job
from models.states import STATUSES_BY_KIND, ItemStatus, JobKind
from producer.documents.schemas.links import MOST_ZIPPED
from producer.fields.item_rules import CONTROL
from producer.job_options import LONGEST_NAME
from producer.resources import deliveries, former_uploads, jobs
from producer.resources.jobs import find_job
from web import pagination
from web.auth import owner
from web.dashboard.frame import charts, pages, phrases

ROWS = 50
STATUSES = tuple(ItemStatus)
MOST_ZIPS = 12
MOST_COPIED = 10_000
"""How many short links one button copies."""
blueprint = Blueprint("job", __name__)


@blueprint.get("/jobs/<job_id>")
def show_job(job_id: str) -> Response:
    job = find_job(owner(), job_id)
    span = charts.read_span(request.args)
    stats = jobs.job_stats(job, span.first_day)
    return pages.render(
        "job",
        job=jobs.describe_job(job),
        source=phrases.SOURCES.get(job.source, job.source),
        undone_job_id=job.of_job_id,
        undo=jobs.find_undo(job),
        seconds=_duration(job),
        can_start_again=former_uploads.can_be_read_again(job),
        copies_links=0 < job.created + job.existing <= MOST_COPIED,
        open=not job.has_ended,
        can=jobs.useful_actions(job),
        error_texts=phrases.ERROR_TEXTS,
        columns=phrases.COLUMNS,
        examples=jobs.failure_examples(job),
        figures=_figures(job),
        statuses=STATUSES_BY_KIND[JobKind(job.kind)],
        zips=_zip_ranges(job),
        deliveries=deliveries.list_job_deliveries(job.id),
        stats=stats,
        span=span,
        days=charts.chart_days(stats["by_day"], span),
        shares=charts.all_shares(stats),
        **_list_rows(job),
    )


@blueprint.post("/jobs/<job_id>/name")
def rename_job(job_id: str) -> Response:
    job = find_job(owner(), job_id)
    name = CONTROL.sub("", request.form.get("name", "")).strip()[:LONGEST_NAME]
    if name:
        jobs.rename_job(job, name)
        flash(phrases.JOB_RENAMED.format(name=name))
    else:
        flash(phrases.NO_JOB_NAME, "bad")
    return pages.go_to(".show_job", job_id=job_id)


@blueprint.get("/jobs/<job_id>/columns")
def download_columns(job_id: str) -> Response:
    """Lead to the results with the chosen columns."""
    job = find_job(owner(), job_id)
    chosen = [name for name in phrases.COLUMNS if name in request.args.getlist("column")]
    if not chosen:
        flash(phrases.NO_COLUMNS, "bad")
        return pages.go_to(".show_job", job_id=job_id, _anchor="downloads")
    return pages.go_to_url(f"/api/jobs/{job.id}/results.csv?columns={','.join(chosen)}")


def _duration(job: Job) -> float | None:
    if job.started_at is None or job.finished_at is None:
        return None
    return (job.finished_at - job.started_at).total_seconds()


def _figures(job: Job) -> list[tuple[str, str]]:
    """Return the counts to show, in the order of the bar."""
    figures: list[tuple[str, str]] = []
    for name, label in phrases.FIGURES[JobKind(job.kind)]:
        figures.append((str(name), phrases.DRY_RUN_LABELS.get(label, label) if job.dry_run else label))
        if job.kind == JobKind.CREATE and name == ItemStatus.CREATED and job.updated:
            figures.append((str(ItemStatus.UPDATED), phrases.CHANGED))
    return figures


def _zip_ranges(job: Job) -> list[tuple[int, int]]:
    """Return the first row and the end of each zip of QR codes: one zip holds a limited number of rows."""
    if not jobs.has_links(job):
        return []
    total = job.total or 0
    starts = range(0, total, MOST_ZIPPED)[:MOST_ZIPS]
    return [(first, min(first + MOST_ZIPPED, total)) for first in starts]


def _list_rows(job: Job) -> dict[str, Any]:
    """Return a page of the job's rows: of one status, of one error, or all."""
    status = request.args.get("status")
    if status not in STATUSES:
        status = None
    code = request.args.get("code", "")
    if code not in phrases.ERROR_TEXTS:
        code = ""
    chosen = {"code": code} if code else {"status": status}
    after = pagination.read_after(request.args, first=-1)
    rows: list[dict[str, Any]] = []
    next_url = None
    if job.cleared_at is None:
        page = jobs.list_items(job, [status] if status else [], after, ROWS, code)
        rows = page.items
        if page.next_cursor:
            next_url = url_for(".show_job", job_id=job.id, cursor=page.next_cursor, _anchor="rows", **chosen)
    return {"rows": rows, "status": status, "code": code, "is_first_page": after < 0, "next_url": next_url}
