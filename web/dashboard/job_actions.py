"""What a user can do to a job on its page: cancel, retry, undo, delete, and send a webhook again."""

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, Response, flash, url_for

from models.errors import Conflict, Gone
from models.jobs.jobs import Job
from models.states import JobKind
from producer import control
from producer.resources import deliveries
from producer.resources.jobs import find_job
from web.auth import owner
from web.dashboard.frame import pages, phrases
from web.dashboard.frame.phrases import Question


class JobAction(NamedTuple):
    """The question before an action, the action, and the message after it."""

    question: Question
    perform: Callable[[Job], int | None]
    """Returns the id of the job that the action started, if any."""
    message: str


ACTIONS = {
    "cancel": JobAction(phrases.CANCEL_JOB, control.cancel, phrases.JOB_CANCELLED),
    "retry": JobAction(phrases.RETRY_JOB, control.retry, phrases.JOB_RETRIED),
    "undo": JobAction(phrases.UNDO_JOB, control.undo, phrases.JOB_UNDONE),
    "forget": JobAction(phrases.DELETE_JOB, control.forget, phrases.JOB_DELETED),
}

blueprint = Blueprint("job_actions", __name__)


@blueprint.get("/jobs/<job_id>/<any(cancel, retry, undo, forget):action>")
def confirm(job_id: str, action: str) -> Response:
    job = find_job(owner(), job_id)
    result = phrases.UNDO_RESULTS[JobKind(job.kind)].format_map(job._asdict())
    back = url_for("app.job.show_job", job_id=job.id)
    return pages.ask(ACTIONS[action].question, back, job=job.name or f"job {job.id}", result=result)


@blueprint.post("/jobs/<job_id>/<any(cancel, retry, undo, forget):action>")
def perform(job_id: str, action: str) -> Response:
    job = find_job(owner(), job_id)
    try:
        new_job_id = ACTIONS[action].perform(job)
    except (Conflict, Gone) as error:
        flash(pages.as_sentence(str(error)), "bad")
        return pages.go_to("app.job.show_job", job_id=job.id)
    flash(ACTIONS[action].message)
    if action == "forget":
        return pages.go_to("app.jobs.list_jobs")
    return pages.go_to("app.job.show_job", job_id=new_job_id or job.id)


@blueprint.post("/jobs/<job_id>/deliveries/<delivery_id>/redeliver")
def redeliver(job_id: str, delivery_id: str) -> Response:
    job = find_job(owner(), job_id)
    deliveries.redeliver(owner(), delivery_id)
    flash(phrases.WEBHOOK_SENT_AGAIN)
    return pages.go_to("app.job.show_job", job_id=job.id, _anchor="deliveries")
