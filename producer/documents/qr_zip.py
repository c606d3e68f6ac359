"""The QR codes of a job's links as one zip, drawn as it is sent."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from models import store
from models.accounts import domains
from models.jobs import items
from models.jobs.jobs import Job
from models.jobs.states import ItemStatus
from producer.documents import qr_codes

PAGE = 200
MASK = 4  # which of the eight: each can be read, and to find the best one takes ten times as long as the rest


class Outgoing:
    """Where the zip is written to: what has been written is taken and sent, and cannot be gone back to."""

    def __init__(self) -> None:
        self.held = bytearray()

    def write(self, data: bytes) -> int:
        self.held += data
        return len(data)

    def flush(self) -> None:
        """What is held goes out when it is taken."""

    def taken(self) -> bytes:
        data, self.held = bytes(self.held), bytearray()
        return data


def of_job(job: Job, first: int, rows: int, kind: str, **look: Any) -> Iterator[bytes]:
    """The codes of a range of rows. By its index each has a name of its own, even where letters' case is lost."""
    base = domains.base_url(job.hostname, job.is_default)
    out = Outgoing()
    with ZipFile(out, "w") as zip_file:  # type: ignore[call-overload]
        for page in _pages(job, first, first + rows):
            for index, slug in page:
                entry = ZipInfo(f"{index:07}-{slug}.{kind}", _date(job.created_at))
                entry.compress_type = ZIP_DEFLATED if kind == "svg" else ZIP_STORED
                zip_file.writestr(entry, qr_codes.drawn(domains.short_url(base, slug), kind, **look, mask=MASK))
            yield out.taken()
    yield out.taken()


def _pages(job: Job, first: int, end: int) -> Iterator[list[tuple[int, str]]]:
    """Index and slug of the items that have a link still, some at a time."""
    after = first - 1
    while after + 1 < end:
        with store.read() as db:
            found = items.page(db, job.id, job.domain_id, (ItemStatus.CREATED, ItemStatus.EXISTING), after, PAGE)
        yield [(row.at, row.slug) for row in found if row.slug and row.url is not None and row.at < end]
        after = found[-1].at if len(found) == PAGE else end


def _date(moment: datetime) -> tuple[int, int, int, int, int, int]:
    return (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
