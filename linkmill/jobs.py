"""Commands on jobs: `jobs`, `watch`, `results`, `retry`, `cancel`, `undo`."""

import json
from typing import Any

import click

from . import calls, results
from .calls import Job, ended
from .errors import printable
from .finish import finished, watched
from .options import Line, as_json, connected, no_wait, opened, quiet
from .results import STDOUT

SHOWN = ("id", "kind", "status", "outcome", "total", "created", "existing", "failed", "created_at")
STATUSES = ("queued", "running", "completed", "cancelled", "failed")

job_id = click.argument("job_id", metavar="ID")


@click.command()
@click.option("--status", type=click.Choice(STATUSES))
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@connected
def jobs(status: str | None, limit: int, as_json: bool, server: str | None, key_file: str | None) -> int:
    """List jobs, the newest first."""
    query = {"limit": limit} | ({"status": status} if status else {})
    with opened(server, key_file).client as client:
        found = calls.get(client, "/api/jobs", **query)["items"]
    click.echo(json.dumps(found) if as_json else _table([_row(job) for job in found]))
    return 0


@click.command()
@job_id
@as_json
@quiet
@connected
def watch(job_id: str, as_json: bool, quiet: bool, **where: str | None) -> int:
    """Watch a job to its end."""
    line = opened(**where, quiet=quiet)
    with line.client as client:
        return _followed(line, calls.job(client, job_id), as_json)


@click.command("results")
@job_id
@click.option("--failed", is_flag=True, help="Only rows that failed.")
@click.option("--unprocessed", is_flag=True, help="Only rows that were not reached.")
@click.option("--out", "-o", metavar="FILE", default=STDOUT, help="A .csv or .ndjson; else standard output.")
@quiet
@connected
def results_(job_id: str, failed: bool, unprocessed: bool, out: str, quiet: bool, **where: str | None) -> int:
    """Write a job's results, row by row."""
    results.check(out)
    asked = {"failed": failed, "unprocessed": unprocessed}
    line = opened(**where, quiet=quiet)
    with line.client as client:
        if not ended(calls.job(client, job_id)):
            line.screen.say(f"job {job_id} still runs: these are its results so far", "yellow")
        results.write(client, job_id, out, [name for name, flag in asked.items() if flag], line.screen)
    return 0


@click.command()
@job_id
@no_wait
@as_json
@quiet
@connected
def retry(job_id: str, no_wait: bool, as_json: bool, quiet: bool, **where: str | None) -> int:
    """Run a job's failed and unprocessed rows again, and watch it."""
    return _told(job_id, "retry", no_wait, as_json, opened(**where, quiet=quiet))


@click.command()
@job_id
@no_wait
@as_json
@quiet
@connected
def undo(job_id: str, no_wait: bool, as_json: bool, quiet: bool, **where: str | None) -> int:
    """Delete the links that a job made and nobody has clicked: a job of its own, watched."""
    return _told(job_id, "undo", no_wait, as_json, opened(**where, quiet=quiet))


@click.command()
@job_id
@as_json
@quiet
@connected
def cancel(job_id: str, as_json: bool, quiet: bool, **where: str | None) -> int:
    """Stop a job at its shards' edges. What is done stays."""
    line = opened(**where, quiet=quiet)
    with line.client as client:
        calls.post(client, calls.job_path(job_id, "cancel"))
        _followed(line, calls.job(client, job_id), as_json)
    return 0


def _told(job_id: str, verb: str, no_wait: bool, as_json: bool, line: Line) -> int:
    with line.client as client:
        job = calls.post(client, calls.job_path(job_id, verb))
        line.screen.say(f"job {job['id']}: {verb} has begun")
        return finished(job, as_json) if no_wait else _followed(line, job, as_json)


def _followed(line: Line, job: Job, as_json: bool) -> int:
    return watched(line, job, as_json, None, f"the job goes on without us; `linkmill watch {job['id']}` shows it again")


def _row(job: Job) -> list[str]:
    values: dict[str, Any] = job | job["counts"]
    return ["-" if values[name] is None else printable(str(values[name])) for name in SHOWN]


def _table(rows: list[list[str]]) -> str:
    lines = [list(SHOWN), *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
