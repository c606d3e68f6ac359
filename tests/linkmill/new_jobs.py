"""Jobs as the server's JSON shows them."""

from typing import Any

COUNTS = {"created": 0, "updated": 0, "deleted": 0, "existing": 0, "failed": 0, "unprocessed": 0}


def new_job(counts: dict[str, int | None] | None = None, **members: Any) -> dict[str, Any]:
    """Describe a job that waits, apart from these counts and members."""
    job = {
        "id": "7",
        "name": None,
        "kind": "create",
        "status": "queued",
        "outcome": None,
        "detail": None,
        "dry_run": False,
        "started_at": None,
        "finished_at": None,
        "rate": None,
        "eta_seconds": None,
        "errors": {},
        "counts": COUNTS | {"total": None, "processed": 0} | (counts or {}),
    }
    return job | members
