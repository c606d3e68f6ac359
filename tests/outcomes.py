"""What the items of a job say, as tests/reference.py says it."""

import json

from models import store
from models.jobs import items as item_rows
from models.jobs import jobs
from models.states import ItemStatus

Outcome = tuple[str, str | None]
"""The status, and the URL of a link that was created or the code of an error."""


def outcomes(job_id: int) -> dict[int, Outcome]:
    """What the items of a job say, by their index."""
    results: dict[int, Outcome] = {}
    with store.read() as db:
        job = jobs.get(db, job_id)
        assert job
        for item in item_rows.page(db, job_id, job.domain_id, (), -1, 1000):
            url = json.loads(item.input)["url"] if job.dry_run and item.input else item.url
            details = {ItemStatus.CREATED: url, ItemStatus.FAILED: item.error_code}
            results[item.at] = (item.status, details.get(ItemStatus(item.status)))
    return results
