"""Former mappings: how the last job with the same columns mapped them, for people who upload such files again."""

from collections.abc import Mapping

from models import store
from models.accounts.keys import Owner
from models.jobs import listing
from models.jobs.listing import JobFilter
from producer.intake.layouts import Layout

MOST_JOBS = 100


def find(owner: Owner, layout: Layout) -> Mapping[str, str]:
    """Return the mapping that somebody chose for these columns, if it differs from that of the layout."""
    if not layout.header:
        return {}
    with store.read() as db:
        recent = listing.page(db, owner.workspace_id, JobFilter(), None, MOST_JOBS)
    for job in recent:
        if not job.options.get("mapping"):
            continue
        former = Layout.load(job.layout)
        if former.columns == layout.columns:
            return _difference(former, layout)
    return {}


def _difference(former: Layout, layout: Layout) -> Mapping[str, str]:
    mapping = former.mapped_columns() or {}
    return {} if mapping == layout.mapped_columns() else mapping
