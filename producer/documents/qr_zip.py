"""The QR codes of many links as one zip, drawn while it is sent."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from models import store
from models.accounts import domains
from models.jobs import items
from models.jobs.jobs import Job
from models.links import listing
from models.links.listing import LinkFilter
from models.states import ItemStatus
from producer.documents import base_urls, qr_codes

PAGE_ITEMS = 200
LONGEST_NAME = 60  # characters of at most four bytes: a name has at most 255
Codes = list[tuple[int, str, str]]
"""Index, slug and beginning of the short URL of some links."""

MASK = 4  # any of the eight can be read, and to find the best takes ten times as long as the rest


def stream(job: Job, first: int, rows: int, kind: str, **style: Any) -> Iterator[bytes]:
    """Yields the zip of a range of rows. The index keeps file names apart where a file system ignores case."""
    return _write(_pages(job, first, first + rows), job.created_at, kind, **style)


def stream_links(workspace_id: int, link_filter: LinkFilter, limit: int, kind: str, **style: Any) -> Iterator[bytes]:
    """Yields the zip of the newest links that match a filter."""
    return _write(_pages_of_links(workspace_id, link_filter, limit), datetime.now(UTC), kind, **style)


def _write(pages: Iterator[Codes], time: datetime, kind: str, **style: Any) -> Iterator[bytes]:
    date_time = time.timetuple()[:6]
    out = OutgoingFile()
    with ZipFile(out, "w") as zip_file:  # type: ignore[call-overload]
        for page in pages:
            for index, slug, base_url in page:
                entry = ZipInfo(f"{index:07}-{_file_name(slug)}.{kind}", date_time)
                entry.compress_type = ZIP_DEFLATED if kind == "svg" else ZIP_STORED
                code = qr_codes.draw(domains.short_url(base_url, slug), kind, **style, mask=MASK)
                zip_file.writestr(entry, code)
            yield out.take()
    yield out.take()


def _file_name(slug: str) -> str:
    """The slug without folders, and no longer than a file's name may be."""
    return slug.replace("/", "_")[:LONGEST_NAME]


class OutgoingFile:
    """A file that zipfile writes to, and whose bytes are sent as soon as they are there."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def write(self, data: bytes) -> int:
        self.buffer += data
        return len(data)

    def flush(self) -> None:
        """zipfile calls this; take() is what empties the buffer."""

    def take(self) -> bytes:
        data = bytes(self.buffer)
        self.buffer.clear()
        return data


def _pages(job: Job, first: int, end: int) -> Iterator[Codes]:
    """Yields index, slug and beginning of the short URL of the items whose link still exists, a page at a time."""
    after = first - 1
    while after + 1 < end:
        with store.read() as db:
            statuses = (ItemStatus.CREATED, ItemStatus.UPDATED, ItemStatus.EXISTING)
            page = items.page(db, job.id, job.domain_id, statuses, after, PAGE_ITEMS)
        starts = base_urls.read(job, page)
        existing = [item for item in page if item.slug and item.url is not None and item.at < end]
        yield [(item.at, item.slug or "", starts[item.domain_id]) for item in existing]
        if len(page) < PAGE_ITEMS:
            return
        after = page[-1].at


def _pages_of_links(workspace_id: int, link_filter: LinkFilter, limit: int) -> Iterator[Codes]:
    """Yields the same of the links that match a filter, the newest first."""
    after = None
    count = 0
    while count < limit:
        with store.read() as db:
            page = listing.page(db, workspace_id, link_filter, after, min(PAGE_ITEMS, limit - count))
        codes = []
        for index, link in enumerate(page, count):
            codes.append((index, link.slug, domains.base_url(link.hostname, link.is_default)))
        yield codes
        if len(page) < PAGE_ITEMS:
            return
        count += len(page)
        after = page[-1].list_position
