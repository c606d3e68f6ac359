"""Query: writes down the ids of the links that a filter matches, so that a job by query becomes a job by file.

From then on the set of links is fixed: a link that is gone when its turn comes is an item that failed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from models import settings, store
from models.jobs.jobs import Job
from models.link_key import format_link_id
from models.links import listing
from models.links.listing import LinkFilter
from producer import link_filters
from producer.intake import upload_store
from producer.intake.layouts import PREPARED, Conversion, Layout

PAGE_LINKS = 10_000
NO_LINKS = b"\n"  # a blank line is no row


def write_ids(job: Job, layout: Layout, keep_lease: Callable[[], None]) -> tuple[str, Layout]:
    """Write an upload that names the links, and return its name and layout."""
    with store.read() as db:
        link_filter = link_filters.from_query(db, job.workspace_id, job.options["where"])
    lines = _lines(job.workspace_id, link_filter, keep_lease)
    name, _ = upload_store.save(lines, settings.get().max_upload_bytes)
    return name, replace(layout, format=PREPARED, conversion=Conversion.NONE)


def _lines(workspace_id: int, link_filter: LinkFilter, keep_lease: Callable[[], None]) -> Iterator[bytes]:
    after = None
    while True:
        with store.read() as db:
            page = listing.keys_page(db, workspace_id, link_filter, after, PAGE_LINKS)
        yield "".join(f'{{"id":"{format_link_id(key)}"}}\n' for key, _ in page).encode() or NO_LINKS
        if len(page) < PAGE_LINKS:
            return
        after = page[-1][1]
        keep_lease()
