"""The workspace of a key: its plan, the plan's limits, and what was used of them."""

from collections.abc import Mapping
from typing import Any

from models import store
from models.accounts import keys, plans, quotas, workspaces
from models.accounts.keys import Owner
from models.accounts.plans import Plan

SETTABLE_VENDOR = "url_shortify"  # the vendor whose batch limit a workspace may set


def describe_workspace(owner: Owner, batch_limits: Mapping[str, int], bulk_calls: int | None) -> dict[str, Any]:
    """Describe the workspace, the key, the plan's limits, and their use.

    `batch_limits` has each vendor's limit of a call, as far as the plan does not override it. `bulk_calls` is the
    number of calls in this hour; None when the plan does not limit them.
    """
    plan = plans.of(owner.plan)
    with store.read() as db:
        workspace = workspaces.get(db, owner.workspace_id)
        key = keys.get(db, owner.key_id, owner.workspace_id)
        links_used = quotas.usage(db, owner.workspace_id, plan)
    return {
        "workspace": {"id": str(workspace.id), "name": workspace.name},
        "key": {"id": str(owner.key_id), "name": key and key.name, "scopes": sorted(owner.scopes)},
        "plan": plan.name,
        "limits": _describe_limits(plan, batch_limits, workspace.bulk_limit),
        "use": {
            "bulk_calls": bulk_calls,
            "links_this_hour": links_used.get(quotas.Period.HOUR),
            "links_today": links_used.get(quotas.Period.DAY),
            "links_total": links_used.get(quotas.Period.TOTAL),
        },
    }


def set_bulk_limit(owner: Owner, limit: int | None) -> None:
    """Set how many links a URL Shortify call may ask for; None means the plan's number."""
    with store.write() as db:
        workspaces.set_bulk_limit(db, owner.workspace_id, limit)


def _describe_limits(plan: Plan, batch_limits: Mapping[str, int], bulk_limit: int | None) -> dict[str, Any]:
    """A limit of 0 means «unlimited», which clients see as null."""
    batch = {vendor: plan.batch_limit(vendor, default) or None for vendor, default in batch_limits.items()}
    return {
        "bulk_calls_per_hour": plan.bulk_calls_per_hour or None,
        "links_per_hour": plan.links_per_hour or None,
        "links_per_day": plan.links_per_day or None,
        "total_links": plan.total_links or None,
        "longest_ttl": plan.longest_ttl or None,
        "batch": batch,
        "bulk_limit": bulk_limit or batch[SETTABLE_VENDOR],
    }
