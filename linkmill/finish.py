"""The end of a command that started or joined a job: watch it, write its results, choose the exit code."""

import json

import click

from . import results, watch
from .calls import Job, has_ended
from .errors import CommandError, Interruption, ServerAway
from .options import Connection

EVERY_ROW = 0
SOME_ROWS_FAILED = 1


def watch_and_report(connection: Connection, job: Job, as_json: bool, out: str | None, advice: str) -> int:
    """Watch a job to its end and write its results; `advice` says how to continue after Ctrl-C."""
    try:
        job = watch.follow(connection.client, job["id"], connection.screen)
        if out and job["status"] != "failed":
            _write_results(connection, job, out)
    except KeyboardInterrupt:
        raise Interruption(f"stopped watching; {advice}") from None
    return report(job, as_json)


def report(job: Job, as_json: bool) -> int:
    """Print a job if asked to, and return the exit code."""
    if as_json:
        click.echo(json.dumps(job))
    if job["status"] == "failed":
        raise CommandError(f"the upload could not be read: {job['detail']}")
    if not has_ended(job) or job["outcome"] == "succeeded":
        return EVERY_ROW
    return SOME_ROWS_FAILED


def _write_results(connection: Connection, job: Job, out: str) -> None:
    try:
        results.write(connection.client, job["id"], out, (), connection.screen)
    except (ServerAway, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        advice = f"`linkmill results {job['id']} --out {out}`"
        raise CommandError(f"{reason}; the job is done, fetch its results with {advice}") from None
    if out != results.STDOUT:
        connection.screen.say(f"results in {out}")
