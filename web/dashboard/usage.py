"""`/app/usage`: the plan, its limits, what was used of them, and when there is more."""

import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from flask import Blueprint, Response, flash, request
from marshmallow import ValidationError

from models.accounts import quotas
from models.accounts.quotas import Period
from producer.documents import schemas
from producer.resources import workspace
from web import limits
from web.api import me
from web.auth import owner
from web.dashboard.frame import pages, phrases
from web.vendors import VENDORS

blueprint = Blueprint("usage", __name__, url_prefix="/usage")


class Meter(NamedTuple):
    """A limit and its use. A limit of None is unlimited; the total never resets."""

    name: str
    used: int | None
    limit: int | None
    resets: datetime | None

    @property
    def remaining(self) -> int | None:
        if self.limit is None:
            return None
        return max(0, self.limit - (self.used or 0))


@blueprint.get("")
def show_usage() -> Response:
    return _render(200)


@blueprint.post("")
def set_bulk_limit() -> Response:
    """Set how many links a URL Shortify call may ask for."""
    text = request.form.get("bulk_limit", "").strip()
    try:
        fields = schemas.MeChangeSchema().load({"bulk_limit": int(text) if text.isdecimal() else text or None})
    except ValidationError:
        return _render(422, phrases.WRONG_LIMIT.format(most=schemas.MOST_AT_ONCE))
    workspace.set_bulk_limit(owner(), fields["bulk_limit"])
    flash(phrases.LIMIT_SAVED)
    return pages.go_to(".show_usage")


def _render(status: int, fault: str = "") -> Response:
    document = me.describe_me()
    titles = {vendor.name: vendor.title for vendor in VENDORS}
    return pages.render("usage", status, me=document, meters=_meters(document), vendor_titles=titles, fault=fault)


def read_meters() -> list[Meter]:
    """Read the limits of the plan, and what was used of them."""
    return _meters(me.describe_me())


def _meters(document: dict[str, Any]) -> list[Meter]:
    now = time.time()
    use = document["use"]
    limit = document["limits"]
    names = phrases.METERS
    hour_ends = _next_period(Period.HOUR, now)
    calls_reset = _moment(now + limits.call_budget(owner()).reset_seconds)
    return [
        Meter(names["bulk_calls"], use["bulk_calls"], limit["bulk_calls_per_hour"], calls_reset),
        Meter(names["links_this_hour"], use["links_this_hour"], limit["links_per_hour"], hour_ends),
        Meter(names["links_today"], use["links_today"], limit["links_per_day"], _next_period(Period.DAY, now)),
        Meter(names["links_total"], use["links_total"], limit["total_links"], None),
    ]


def _next_period(period: Period, now: float) -> datetime:
    length = quotas.PERIOD_SECONDS[period]
    return _moment((int(now) // length + 1) * length)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
