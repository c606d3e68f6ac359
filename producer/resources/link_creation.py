"""Creating a single link: a job of one item, waited for. A million links are created the same way."""

from typing import Any

import msgspec

from models import store
from models.accounts.keys import Owner
from models.errors import Gone, Unavailable
from models.jobs import items
from models.jobs.jobs import Job
from models.links import listing
from models.states import ItemStatus
from producer import synchronous
from producer.accept import Upload
from producer.documents.link_document import link_documents
from producer.fields.wide_slugs import SlugKind
from producer.idempotency import Hold
from producer.intake import json_bodies
from producer.intake.layouts import NDJSON
from producer.job_options import Options
from producer.resources.link_fields import Fields, decode_fields
from producer.rules import item_errors

OPTION_NAMES = ("domain", "slugs")
UNREADABLE = "MALFORMED_ROW"  # the error of a row whose fields cannot be decoded


def create_link(owner: Owner, fields: Fields, hold: Hold | None = None) -> tuple[dict[str, Any], bool]:
    """Create a link; return it, and whether it is new. Raise the error of a wrong field.

    A link is not new when its external_id names one that exists already, or its request is sent a second time.
    """
    options = _take_options(fields)
    line = json_bodies.one_line(msgspec.json.encode(fields)) + b"\n"
    upload = Upload("json", NDJSON, [line])
    job = synchronous.create_and_wait(upload, owner, options, hold)
    if not job.has_ended:
        raise Unavailable(f"The link is still being created. See /api/jobs/{job.id}.")
    return _read_outcome(job, fields)


def _take_options(fields: Fields) -> Options:
    """Remove what is an option of the upload and not a field of the item."""
    values = decode_fields({name: fields.pop(name) for name in OPTION_NAMES if name in fields})
    domain = values.get("domain")
    if not isinstance(domain, str | None):
        raise item_errors.invalid("domain", "INVALID_TYPE", "The domain must be a text: its id or hostname.")
    slugs = values.get("slugs") or SlugKind.PLAIN
    if slugs not in list(SlugKind):
        raise item_errors.invalid("slugs", "INVALID_VALUE", f"slugs must be one of {', '.join(SlugKind)}.")
    return Options(domain=domain, slugs=SlugKind(slugs))


def _read_outcome(job: Job, fields: Fields) -> tuple[dict[str, Any], bool]:
    with store.read() as db:
        item: Any = next(iter(items.page(db, job.id, job.domain_id, (), -1, 1)), None)
        link = None
        if item and item.url:
            link = listing.find_by_slug(db, job.workspace_id, item.domain_id or job.domain_id, item.slug)
        if link is not None:
            return link_documents(db, [link])[0], item.status == ItemStatus.CREATED
    if item is None or item.slug:
        raise Gone("The link of this request has been deleted since.")
    values = {} if item.error_code == UNREADABLE else decode_fields(fields)
    raise item_errors.item_error(item.error_code, item.error_message, values)
