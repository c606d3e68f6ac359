"""The end of a command that started or joined a job: watch it, write its results, choose the exit code."""

import json

import click

from .. import results, watch
from ..calls import JobDocument, has_ended
from ..client import Client
from ..errors import Interruption, LinkmillError, ServerAway
from .options import next_command

EVERY_ROW = 0
SOME_ROWS_FAILED = 1


def watch_and_report(client: Client, job: JobDocument, as_json: bool, out: str | None, advice: str) -> int:
    """Watch a job to its end and write its results; `advice` says how to continue after Ctrl-C."""
    try:
        job = watch.follow(client.http, job["id"], client.screen)
        if out and job["status"] != "failed":
            _write_results(client, job, out)
    except KeyboardInterrupt:
        raise Interruption(f"stopped watching; {advice}") from None
    if job["status"] != "failed":
        client.screen.say(f"next: {_results_command(job)}")
    return report(job, as_json)


def report(job: JobDocument, as_json: bool) -> int:
    """Print a job if asked to, and return the exit code."""
    if as_json:
        click.echo(json.dumps(job))
    if job["status"] == "failed":
        raise LinkmillError(f"the upload could not be read: {job['detail']}")
    if not has_ended(job) or job["outcome"] == "succeeded":
        return EVERY_ROW
    return SOME_ROWS_FAILED


def _write_results(client: Client, job: JobDocument, out: str) -> None:
    try:
        results.write(client.http, job["id"], out, results.Choice(), client.screen)
    except (ServerAway, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        advice = f"`{next_command('results', job['id'], '--out', out)}`"
        raise LinkmillError(f"{reason}; the job is done, fetch its results with {advice}") from None
    if out != results.STDOUT:
        client.screen.say(f"results in {out}")


def _results_command(job: JobDocument) -> str:
    if job["counts"]["failed"]:
        return next_command("results", job["id"], "--failed")
    return next_command("results", job["id"])
