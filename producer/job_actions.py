"""Which actions a job allows, for the API's refusals and the dashboard's buttons alike."""

from collections.abc import Collection
from enum import StrEnum

from models.errors import Conflict, Gone
from models.jobs import jobs
from models.jobs.jobs import Job
from models.states import ACTIVE_STATUSES, UPLOAD_KINDS, JobStatus

PASSING_ERRORS = frozenset(("LIMIT_REACHED", "INTERNAL", "SLUG_TAKEN", "UNKNOWN_GROUP", "UNKNOWN_DOMAIN", "NOT_FOUND"))
"""Codes of rows that may succeed later: the cause is not, or not only, in the row itself."""


class Action(StrEnum):
    """What users can do to a job."""

    CANCEL = "cancel"
    RETRY = "retry"
    UNDO = "undo"
    FORGET = "forget"


def refusal(action: Action, job: Job, being_undone: bool) -> Conflict | Gone | None:
    """Why a job does not allow an action; None when it does."""
    if action in (Action.RETRY, Action.UNDO) and job.cleared_at is not None:
        return results_gone()
    reason = REASONS[action](job, being_undone)
    return Conflict(reason) if reason else None


def useful_actions(job: Job, being_undone: bool, is_undone: bool, errors: Collection[str]) -> set[Action]:
    """The actions that a job allows and that would change something. `errors`: the codes of its failed rows."""
    allowed = {action for action in Action if refusal(action, job, being_undone) is None}
    if job.has_ended:
        allowed.discard(Action.CANCEL)
    if not job.created + job.updated + job.deleted:
        allowed.discard(Action.UNDO)
    if is_undone:
        allowed.discard(Action.UNDO)
    if not jobs.unprocessed_count(job) and PASSING_ERRORS.isdisjoint(errors):
        allowed.discard(Action.RETRY)
    return allowed


def refuse_cleared(job: Job | None) -> None:
    """Raise Gone when the upload and the results of a job are deleted."""
    if job is None or job.cleared_at is not None:
        raise results_gone()


def results_gone() -> Gone:
    return Gone("The upload and results of this job are deleted: their retention time is over.")


def _no_cancel(job: Job, being_undone: bool) -> str:
    if job.status in ACTIVE_STATUSES or job.status == JobStatus.CANCELLED:
        return ""
    return f"The job has ended: it is {job.status}."


def _no_retry(job: Job, being_undone: bool) -> str:
    if job.kind not in UPLOAD_KINDS or job.dry_run:
        return "Only a job that creates, changes or deletes links can be retried."
    if job.status not in (JobStatus.COMPLETED, JobStatus.CANCELLED):
        return f"A job that is {job.status} cannot be retried."
    if being_undone:
        return "The job is being undone."
    if job.total == jobs.succeeded_count(job):
        return "Every item has its result: there is nothing to retry."
    return ""


def _no_undo(job: Job, being_undone: bool) -> str:
    if job.kind not in UPLOAD_KINDS or job.dry_run or job.status in ACTIVE_STATUSES:
        return "Only a job that created, changed or deleted links and has ended can be undone."
    return "The job is being undone." if being_undone else ""


def _no_forget(job: Job, being_undone: bool) -> str:
    if job.status in ACTIVE_STATUSES or being_undone:
        return "The job is open or being undone: cancel it or wait for its end first."
    return ""


REASONS = {Action.CANCEL: _no_cancel, Action.RETRY: _no_retry, Action.UNDO: _no_undo, Action.FORGET: _no_forget}
