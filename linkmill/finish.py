"""How a command ends that began or joined a job: watched to its end, its results written, and an exit code for it."""

import json

import click

from . import results, watch
from .calls import Job, ended
from .errors import Away, Failed, Interrupted
from .options import Line

DONE, SOME_FAILED = 0, 1


def watched(line: Line, job: Job, as_json: bool, out: str | None, way_on: str) -> int:
    try:
        job = watch.to_its_end(line.client, job["id"], line.screen)
        if out and job["status"] != "failed":
            _written(line, job, out)
    except KeyboardInterrupt:
        raise Interrupted(f"stopped watching; {way_on}") from None
    return finished(job, as_json)


def finished(job: Job, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps(job))
    if job["status"] == "failed":
        raise Failed(f"the upload could not be read: {job['detail']}")
    return DONE if not ended(job) or job["outcome"] == "succeeded" else SOME_FAILED


def _written(line: Line, job: Job, out: str) -> None:
    try:
        results.write(line.client, job["id"], out, (), line.screen)
    except (Away, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Failed(f"{reason}; the job is done: `linkmill results {job['id']} --out {out}`") from None
    if out != results.STDOUT:
        line.screen.say(f"results in {out}")
