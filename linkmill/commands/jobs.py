"""Commands on jobs: `jobs`, `watch`, `results`, `retry`, `cancel`, `undo`."""

import json
from typing import Any

import click

from .. import calls, results, show
from ..calls import JobDocument, has_ended
from ..client import Client
from ..errors import printable
from ..results import STDOUT
from .finish import report, watch_and_report
from .options import as_json, connect, next_command, no_wait, quiet, server_options

COUNTS = ("total", "created", "updated", "deleted", "existing", "failed")
COLUMNS = ("id", "kind", "status", "outcome", *COUNTS, "created_at", "name")
STATUSES = ("queued", "running", "completed", "cancelled", "failed")

job_id = click.argument("job_id", metavar="ID")


@click.command()
@click.option("--status", type=click.Choice(STATUSES))
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@server_options
def jobs(status: str | None, limit: int, as_json: bool, server: str | None, key_file: str | None) -> int:
    """List jobs, the newest first."""
    query: dict[str, Any] = {"limit": limit}
    if status:
        query["status"] = status
    with connect(server, key_file) as client:
        page = calls.get(client.http, "/api/jobs", **query)["items"]
    click.echo(json.dumps(page) if as_json else show.table(COLUMNS, [_cells(job) for job in page]))
    return 0


@click.command()
@job_id
@as_json
@quiet
@server_options
def watch(job_id: str, as_json: bool, quiet: bool, **account: str | None) -> int:
    """Watch a job to its end."""
    with connect(**account, quiet=quiet) as client:
        return _follow(client, calls.read_job(client.http, job_id), as_json)


@click.command("results")
@job_id
@click.option("--failed", is_flag=True, help="Only rows that failed.")
@click.option("--unprocessed", is_flag=True, help="Only unprocessed rows.")
@click.option("--clicks", is_flag=True, help="Add clicks, first_click and last_click of each link.")
@click.option("--clicked/--never-clicked", default=None, help="Only rows whose link was clicked, or never was.")
@click.option("--out", "-o", metavar="FILE", default=STDOUT, help="A .csv or .ndjson file; default: standard output.")
@quiet
@server_options
def results_command(
    job_id: str,
    failed: bool,
    unprocessed: bool,
    clicks: bool,
    clicked: bool | None,
    out: str,
    quiet: bool,
    **account: str | None,
) -> int:
    """Write a job's results, row by row."""
    results.check_target(out)
    flags = {"failed": failed, "unprocessed": unprocessed}
    statuses = [name for name, is_set in flags.items() if is_set]
    with connect(**account, quiet=quiet) as client:
        if not has_ended(calls.read_job(client.http, job_id)):
            client.screen.say(f"job {job_id} still runs: these are its results so far", "yellow")
        results.write(client.http, job_id, out, results.Choice(statuses, clicks, clicked), client.screen)
    return 0


@click.command()
@job_id
@no_wait
@as_json
@quiet
@server_options
def retry(job_id: str, no_wait: bool, as_json: bool, quiet: bool, **account: str | None) -> int:
    """Run a job's failed and unprocessed rows again, and watch it."""
    return _start_action(job_id, "retry", no_wait, as_json, connect(**account, quiet=quiet))


@click.command()
@job_id
@no_wait
@as_json
@quiet
@server_options
def undo(job_id: str, no_wait: bool, as_json: bool, quiet: bool, **account: str | None) -> int:
    """Take back what a job did, in a job of its own, which is watched.

    Links that it created are deleted unless they were clicked; links that it changed or deleted become what they were.
    """
    return _start_action(job_id, "undo", no_wait, as_json, connect(**account, quiet=quiet))


@click.command()
@job_id
@as_json
@quiet
@server_options
def cancel(job_id: str, as_json: bool, quiet: bool, **account: str | None) -> int:
    """Stop a job after the shards that run now. Links that exist stay."""
    with connect(**account, quiet=quiet) as client:
        calls.post(client.http, calls.job_path(job_id, "cancel"))
        _follow(client, calls.read_job(client.http, job_id), as_json)
    return 0


def _start_action(job_id: str, action: str, no_wait: bool, as_json: bool, client: Client) -> int:
    with client:
        job = calls.post(client.http, calls.job_path(job_id, action))
        client.screen.say(f"job {job['id']}: {action} has started")
        if no_wait:
            return report(job, as_json)
        return _follow(client, job, as_json)


def _follow(client: Client, job: JobDocument, as_json: bool) -> int:
    advice = f"the job goes on, `{next_command('watch', job['id'])}` shows it again"
    return watch_and_report(client, job, as_json, None, advice)


def _cells(job: JobDocument) -> list[str]:
    values: dict[str, Any] = job | job["counts"]
    return ["-" if values[name] is None else printable(str(values[name])) for name in COLUMNS]
