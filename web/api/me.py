"""`/api/me`: who is asking, what the plan allows, and what was used of it."""

from typing import Any

from flask import Response, current_app, jsonify
from flask_smorest import Blueprint

from models import store
from models.accounts import keys, plans, quotas, workspaces
from models.accounts.keys import Owner
from models.accounts.plans import Plan
from producer.documents import schemas
from web import limits
from web.auth import needs, owner

SETTABLE = "url_shortify"  # whose limit a workspace may set

blueprint = Blueprint("me", __name__, url_prefix="/api/me", description="The workspace of a key")


@blueprint.route("")
@needs("read")
@blueprint.response(200, schemas.Me)
def show() -> Response:
    """The workspace and key that ask, the plan's limits, and their use."""
    return jsonify(shape(owner()))


@blueprint.route("", methods=["PATCH"])
@needs("write")
@blueprint.arguments(schemas.MeChange)
@blueprint.response(200, schemas.Me)
def change(asked: dict[str, Any]) -> Response:
    """Set how many links an URL Shortify call may ask for; null for the plan's number."""
    if "bulk_limit" in asked:
        with store.write() as db:
            workspaces.set_bulk_limit(db, owner().workspace_id, asked["bulk_limit"])
    return jsonify(shape(owner()))


def shape(asking: Owner) -> dict[str, Any]:
    plan = plans.of(asking.plan)
    with store.read() as db:
        workspace = workspaces.get(db, asking.workspace_id)
        key = keys.get(db, asking.key_id, asking.workspace_id)
        made = quotas.usage(db, asking.workspace_id, plan)
    return {
        "workspace": {"id": str(workspace.id), "name": workspace.name},
        "key": {"id": str(asking.key_id), "name": key and key.name, "scopes": sorted(asking.scopes)},
        "plan": plan.name,
        "limits": _limits(plan, workspace.bulk_limit),
        "use": _use(asking, plan, made),
    }


def _limits(plan: Plan, bulk_limit: int | None) -> dict[str, Any]:
    defaults = current_app.config["BATCH_LIMITS"]  # by vendor; `web.api` does not import the vendors themselves
    batch = {vendor: plan.batch_limit(vendor, default) or None for vendor, default in defaults.items()}
    numbers = ("bulk_calls_per_hour", "links_per_hour", "links_per_day", "total_links", "longest_ttl")
    found = {name: getattr(plan, name) or None for name in numbers}
    return found | {"batch": batch, "bulk_limit": bulk_limit or batch[SETTABLE]}


def _use(asking: Owner, plan: Plan, made: dict[quotas.Period, int]) -> dict[str, int | None]:
    calls = limits.room(asking)
    return {
        "bulk_calls": calls.limit - calls.left if plan.bulk_calls_per_hour else None,
        "links_this_hour": made.get(quotas.Period.HOUR),
        "links_today": made.get(quotas.Period.DAY),
        "links_total": made.get(quotas.Period.TOTAL),
    }
