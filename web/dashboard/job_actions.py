"""What is done to a job from its page: cancel, retry, undo, forget, and sending a webhook again."""

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, Response, flash, url_for

from models.errors import Conflict, Gone
from models.ids import parse_id
from models.jobs.jobs import Job
from producer import control
from web.api.deliveries import sent_again
from web.api.jobs import find
from web.dashboard.frame import pages


class Deed(NamedTuple):
    """What is asked before, what is done, and what is said afterwards."""

    heading: str
    text: str
    button: str
    do: Callable[[Job], int | None]
    done: str


DEEDS = {
    "cancel": Deed(
        "Cancel this job?",
        "It stops within moments. Links that are made stay; rows that were not reached can be tried later.",
        "Cancel the job",
        control.cancel,
        "The job is being cancelled.",
    ),
    "retry": Deed(
        "Try again?",
        "Rows that failed or were not reached run again. No link is made twice.",
        "Try again",
        control.retry,
        "Rows without a link are tried again.",
    ),
    "undo": Deed(
        "Undo this job?",
        "The links that it made are deleted, except those that somebody has clicked. This cannot be taken back.",
        "Delete its links",
        control.undo,
        "Links of the job are being deleted: this job does it.",
    ),
    "forget": Deed(
        "Forget this job?",
        "The job, its upload and its results go. Its links stay. This cannot be taken back.",
        "Forget the job",
        control.forget,
        "The job is forgotten.",
    ),
}

blueprint = Blueprint("deeds", __name__)


@blueprint.get("/jobs/<job_id>/<any(cancel, retry, undo, forget):deed>")
def ask(job_id: str, deed: str) -> Response:
    row, asked = find(parse_id(job_id)), DEEDS[deed]
    back = url_for("app.job.show", job_id=row.id)
    return pages.page("confirm", heading=asked.heading, text=asked.text, button=asked.button, back=back)


@blueprint.post("/jobs/<job_id>/<any(cancel, retry, undo, forget):deed>")
def do(job_id: str, deed: str) -> Response:
    row, asked = find(parse_id(job_id)), DEEDS[deed]
    try:
        made = asked.do(row)
    except (Conflict, Gone) as error:
        flash(pages.sentence(str(error)), "bad")
        return pages.go("app.job.show", job_id=row.id)
    flash(asked.done)
    return pages.go("app.jobs.listed") if deed == "forget" else pages.go("app.job.show", job_id=made or row.id)


@blueprint.post("/jobs/<job_id>/deliveries/<delivery_id>/redeliver")
def redeliver(job_id: str, delivery_id: str) -> Response:
    job = find(parse_id(job_id))
    sent_again(parse_id(delivery_id))
    flash("The webhook is being sent again.")
    return pages.go("app.job.show", job_id=job.id, _anchor="deliveries")
