"""`/app/usage`: the plan, what it allows, what was used of it, and when there is more."""

import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from flask import Blueprint, Response, flash, request
from marshmallow import ValidationError

from models import store
from models.accounts import quotas, workspaces
from producer.documents import schemas
from web import limits
from web.api import me
from web.auth import owner
from web.dashboard.frame import pages

blueprint = Blueprint("usage", __name__, url_prefix="/usage")


class Meter(NamedTuple):
    """One limit; none where as many are allowed as you like."""

    name: str
    used: int | None
    limit: int | None
    resets: datetime | None

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - (self.used or 0))


@blueprint.get("")
def show() -> Response:
    return _page(200)


@blueprint.post("")
def change() -> Response:
    """How many links a call of the URL Shortify shape may ask for."""
    text = request.form.get("bulk_limit", "").strip()
    try:
        asked = schemas.MeChange().load({"bulk_limit": int(text) if text.isdecimal() else text or None})
    except ValidationError:
        return _page(422, f"A whole number from 1 to {schemas.MOST_AT_ONCE:,}, or nothing for the plan's own.")
    with store.write() as db:
        workspaces.set_bulk_limit(db, owner().workspace_id, asked["bulk_limit"])
    flash("The limit is set.")
    return pages.go(".show")


def _page(status: int, fault: str = "") -> Response:
    found = me.shape(owner())
    return pages.page("usage", status, me=found, meters=_meters(found), fault=fault)


def _meters(found: dict[str, Any]) -> list[Meter]:
    now, calls = time.time(), limits.room(owner())
    use, allowed = found["use"], found["limits"]
    return [
        Meter("Bulk calls in an hour", use["bulk_calls"], allowed["bulk_calls_per_hour"], _moment(now + calls.seconds)),
        Meter("Links in an hour", use["links_this_hour"], allowed["links_per_hour"], _next(quotas.Period.HOUR, now)),
        Meter("Links in a day", use["links_today"], allowed["links_per_day"], _next(quotas.Period.DAY, now)),
        Meter("Links in all", use["links_total"], allowed["total_links"], None),
    ]


def _next(period: quotas.Period, now: float) -> datetime:
    length = quotas.PERIOD_SECONDS[period]
    return _moment((int(now) // length + 1) * length)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
