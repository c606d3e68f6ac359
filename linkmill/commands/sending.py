"""Sending a file and watching its job: what `push`, `update` and `delete` have in common."""

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

import click

from .. import calls, results, sources, upload
from ..client import Client
from ..errors import Interruption, LinkmillError, RequestRefused
from ..results import STDOUT
from . import column_advice
from .finish import report, watch_and_report
from .options import next_command

STDIN = "-"
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Sending:
    """A file to send, and what is to be done with its job."""

    file: str
    format: str | None
    options: dict[str, str]
    idempotency_key: str | None
    new: bool
    """Whether a file that was sent before starts another job."""
    out: str | None
    no_wait: bool
    as_json: bool


def send_and_watch(client: Client, sending: Sending) -> int:
    """Send a file, watch its job and write the results; return the exit code."""
    if sending.idempotency_key and sending.new:
        raise click.UsageError("use --idempotency-key or --new, not both")
    target = choose_target(sending.out, sending.file, sending.as_json, sending.no_wait)
    options = {"name": _name(sending.file)} | sending.options
    with sources.open_source(sending.file, sending.format) as source:
        calls.get(client.http, "/api/me")  # a wrong address or key shows before a gigabyte is sent
        key = sending.idempotency_key or _key(source, options, sending.new)
        job, is_repeated = _send(client, source, _without_empty(options), key)
        client.screen.say(f"job {job['id']}: {_receipt(sending.file, source.size, is_repeated)}")
    if sending.no_wait:
        return report(job, sending.as_json)
    return watch_and_report(client, job, sending.as_json, target, _advice(sending.file, job))


def choose_target(out: str | None, file: str, as_json: bool, no_wait: bool) -> str | None:
    """Return where results go, or None for nowhere."""
    if no_wait and out:
        raise click.UsageError("--no-wait writes no results: omit --out")
    if as_json and out == STDOUT:
        raise click.UsageError("--json uses standard output: write the results to a file with --out")
    if out and out != STDOUT and out == file:
        raise click.UsageError("--out would overwrite the file that is sent")
    if out:
        results.check_target(out)
        return out
    if as_json or no_wait:
        return None
    return STDOUT


def _name(file: str) -> str:
    """Return what the job is called: nothing for standard input."""
    if file == STDIN:
        return ""
    return os.fsencode(Path(file).name).decode(errors="replace")[:LONGEST_NAME]


def _without_empty(options: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value}


def _key(source: sources.Source, options: dict[str, str], new: bool) -> str:
    if new:
        return str(uuid.uuid4())
    return sources.idempotency_key(source, options)


def _send(client: Client, source: sources.Source, options: dict[str, str], key: str) -> upload.Upload:
    try:
        return client.send(source, options, key)
    except KeyboardInterrupt:
        raise Interruption("stopped while sending; a file that was not received completely creates nothing") from None
    except RequestRefused as error:
        if error.code == column_advice.NO_URL_COLUMN:
            raise LinkmillError(column_advice.explain(error)) from None
        raise


def _receipt(file: str, size: int, is_repeated: bool) -> str:
    if is_repeated:
        return "this was sent before, continuing its job (--new creates another)"
    name = "standard input" if file == STDIN else file
    return f"{name} sent, {size:,} bytes"


def _advice(file: str, job: calls.JobDocument) -> str:
    again = "" if file == STDIN else ", or run the same command again to get the results too"
    watch = f"the job goes on: `{next_command('watch', job['id'])}` shows it again{again}"
    return f"{watch}; `{next_command('cancel', job['id'])}` stops it"
