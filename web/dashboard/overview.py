"""`/app/overview`: the clicks of the last days, the links with the most, the latest jobs, and the use of the plan."""

from flask import Blueprint, Response, request

from models.jobs.listing import JobFilter
from producer.resources import jobs, overview
from web.auth import owner
from web.dashboard import usage
from web.dashboard.frame import charts, pages

RECENT_JOBS = 5

blueprint = Blueprint("overview", __name__)


@blueprint.get("/overview")
def show_overview() -> Response:
    span = charts.read_span(request.args)
    return pages.render(
        "overview",
        span=span,
        days=charts.chart_days(overview.clicks_by_day(owner(), span.days), span),
        top_links=overview.top_links(owner(), span.days),
        jobs=jobs.list_jobs(owner(), JobFilter(), None, RECENT_JOBS).items,
        meters=usage.read_meters(),
    )
