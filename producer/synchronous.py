"""Create links for a caller who waits for them: check the limits, accept, wait for the end of the job."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec

from models import settings, store
from models.accounts import plans, quotas
from models.accounts.keys import Owner
from models.accounts.quotas import Period
from models.errors import EmptyUpload, NotFound, OverLimit, StillRunning, TooManyLinks, Unavailable
from models.jobs import jobs, pending_replies
from models.jobs.jobs import Job
from models.links import title_queue
from producer.accept import Upload, accept
from producer.idempotency import Hold
from producer.intake.layouts import COUNT, PREPARED
from producer.job_options import Options
from producer.signals import waiting

TITLE_SECONDS = 2.0


class RequestKey(NamedTuple):
    """What makes two requests of a workspace the same one."""

    source: str
    fingerprint: str


def upload_items(source: str, items: Iterable[Mapping[str, Any]]) -> Upload:
    """Make an upload of items that were in the body of a request."""
    lines = [msgspec.json.encode(item) + b"\n" for item in items]
    return Upload(source, PREPARED, [b"".join(lines)])


def upload_copies(source: str, item: Mapping[str, Any], count: int) -> Upload:
    """Make an upload of one item that stands for `count` links."""
    return Upload(source, COUNT, [msgspec.json.encode(item)], count)


def check_batch(links: int, limit: int) -> None:
    """Refuse a request without links, or with more links than one call may have; 0: no limit."""
    if not links:
        raise EmptyUpload("This request has no links. Send at least one.")
    if limit and links > limit:
        raise TooManyLinks(f"A request may have at most {limit:,} links. This one has {links:,}.")


def check_quota(owner: Owner, links: int) -> None:
    """Refuse links that would exceed a limit of the plan, before any of them is created."""
    plan = plans.of(owner.plan)
    limits = quotas.limits(plan)
    if not limits:
        return
    with store.read() as db:
        used = quotas.usage(db, owner.workspace_id, plan)
    for period, limit in limits.items():
        if used[period] + links > limit:
            raise OverLimit(f"These links would exceed the limit of your plan: {limit:,} links {PERIOD_NAMES[period]}.")


PERIOD_NAMES = {Period.HOUR: "per hour", Period.DAY: "per day", Period.TOTAL: "in total"}


def create_and_wait(upload: Upload, owner: Owner, options: Options, hold: Hold | None = None) -> Job:
    """Accept an upload and wait for the end of its job; return the job as last read."""
    job_id = accept(upload, owner, lambda: options, hold)
    timeout = settings.get().sync_wait_seconds
    read_job = partial(_read_job, job_id, owner)
    return waiting.wait_in_slot(owner.workspace_id, job_id, timeout, read_job, only_waiter=not hold)


def create_or_join(upload: Upload, owner: Owner, options: Options, key: RequestKey, hold: Hold | None = None) -> Job:
    """Accept an upload and wait for the end of its job; raise StillRunning when the wait is over first.

    A caller whose wait was over sends the same request again. Then it joins the job of the first request, so that no
    link is created twice. Under an idempotency key the hold remembers the job; otherwise we do.
    """
    # The slot comes first: without one the client is asked to try again, and nothing may have been created then.
    with waiting.Slot(owner.workspace_id) as slot:
        if not slot.acquired:
            raise Unavailable("Too many requests are waiting for their links. Try again.")
        pending_id = None if hold else _read_pending(owner, key)
        job_id = pending_id or accept(upload, owner, lambda: options, hold)
        timeout = settings.get().sync_wait_seconds
        only_waiter = not pending_id and not hold
        job = waiting.wait_for_end(job_id, timeout, partial(_read_job, job_id, owner), only_waiter)
    if not job.has_ended:
        if not hold:
            _save_pending(owner, key, job_id)
        raise StillRunning(job_id)
    if pending_id:
        _remove_pending(owner, key)
    return job


def wait_for_titles(job: Job) -> None:
    """Wait until the titles of a job's links are fetched, but not for long: some pages never answer."""
    waiting.poll_until(TITLE_SECONDS, lambda: not _has_untitled(job.id))


def _read_job(job_id: int, owner: Owner) -> Job:
    with store.read() as db:
        job = jobs.get(db, job_id, owner.workspace_id)
    if job is None:
        raise NotFound("This job does not exist.")
    return job


def _read_pending(owner: Owner, key: RequestKey) -> int | None:
    with store.read() as db:
        return pending_replies.find_job(db, owner.workspace_id, *key)


def _save_pending(owner: Owner, key: RequestKey, job_id: int) -> None:
    with store.write() as db:
        pending_replies.save(db, owner.workspace_id, *key, job_id)


def _remove_pending(owner: Owner, key: RequestKey) -> None:
    with store.write() as db:
        pending_replies.remove(db, owner.workspace_id, *key)


def _has_untitled(job_id: int) -> bool:
    with store.read() as db:
        return title_queue.has_job(db, job_id)
