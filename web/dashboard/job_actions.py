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
from web.dashboard.frame import pages


class JobAction(NamedTuple):
    """The question before an action, the action, and the message after it."""

    heading: str
    text: str
    button: str
    perform: Callable[[Job], int | None]
    """Returns the id of the job that the action started, if any."""
    message: str


ACTIONS = {
    "cancel": JobAction(
        "Cancel this job?",
        "It stops within seconds. Links that exist already stay; you can retry the other rows later.",
        "Cancel job",
        control.cancel,
        "The job is being cancelled.",
    ),
    "retry": JobAction(
        "Retry this job?",
        "Rows that failed or were not processed run again. No link is created twice.",
        "Retry",
        control.retry,
        "The failed rows are being retried.",
    ),
    "undo": JobAction(
        "Undo this job?",
        "",
        "Undo job",
        control.undo,
        "This job undoes the other one.",
    ),
    "forget": JobAction(
        "Delete this job?",
        "The job, its upload and its results are deleted. Its links are kept. This cannot be undone.",
        "Delete job (keep links)",
        control.forget,
        "The job was deleted. Its links were kept.",
    ),
}

UNDO_TEXTS = {
    JobKind.CREATE: "The links that this job created ({created:,}) will be deleted, except those with clicks.",
    JobKind.UPDATE: "The links that this job changed ({updated:,}) will be as before, unless they were changed since.",
    JobKind.DELETE: "The links that this job deleted ({deleted:,}) will come back with clicks, if the slugs are free.",
    JobKind.UNDO: "",
}

blueprint = Blueprint("job_actions", __name__)


@blueprint.get("/jobs/<job_id>/<any(cancel, retry, undo, forget):action>")
def confirm(job_id: str, action: str) -> Response:
    job = find_job(owner(), job_id)
    question = ACTIONS[action]
    text = UNDO_TEXTS[JobKind(job.kind)].format_map(job._asdict()) if action == "undo" else question.text
    back = url_for("app.job.show_job", job_id=job.id)
    return pages.render("confirm", heading=question.heading, text=text, button=question.button, back=back)


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
    flash("The webhook is being sent again.")
    return pages.go_to("app.job.show_job", job_id=job.id, _anchor="deliveries")
