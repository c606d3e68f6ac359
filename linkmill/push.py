"""`linkmill push`: a file goes out, its results come back."""

import json
import re
import uuid
from typing import Any

import click

from . import calls, results, sources, upload
from .errors import Interrupted
from .finish import finished, watched
from .options import Line, as_json, connected, no_wait, opened, quiet
from .results import STDOUT

TTL = re.compile(r"(\d{1,9})(s|m|h|d|w)")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
TITLES = "Rows without a title get that of the page they lead to."


@click.command()
@click.argument("file")
@click.option("--out", "-o", metavar="FILE", help="Where the results go (.csv or .ndjson); else to standard output.")
@click.option("--dry-run", is_flag=True, help="Judge every row and make nothing.")
@click.option("--map", "mapping", metavar="FIELD=COLUMN", multiple=True, help="Which column is an item's field.")
@click.option("--duplicates", type=click.Choice(("create", "reuse")), help="What becomes of a URL that has a link.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="For rows without tags.")
@click.option("--group", help="For rows without a group.")
@click.option("--expires", metavar="WHEN", help="For rows that say nothing of it: 2030-12-31, or 90d, 12h, 30m.")
@click.option("--slug-pattern", metavar="PATTERN", help="For rows without a slug: promo-{index}.")
@click.option("--domain", help="Id or hostname of a domain of yours.")
@click.option("--webhook", metavar="URL", help="Called when the job has ended.")
@click.option("--titles", is_flag=True, help=TITLES)
@click.option("--metadata", metavar="NAME=TEXT", multiple=True, help="Comes back with the job.")
@click.option("--delimiter", help="comma, semicolon, tab or pipe; else it is found out.")
@click.option("--encoding", help="Else it is found out.")
@click.option(
    "--header/--no-header", default=None, help="Whether the first row names the columns; else it is found out."
)
@click.option("--format", type=click.Choice(tuple(sources.TYPES)), help="Else by the file's name or its content.")
@click.option("--idempotency-key", metavar="KEY", help="Else made from the file and the options.")
@click.option("--new", is_flag=True, help="Make another job, also of a file that was sent before.")
@no_wait
@as_json
@quiet
@connected
def push(
    file: str,
    out: str | None,
    idempotency_key: str | None,
    new: bool,
    no_wait: bool,
    as_json: bool,
    quiet: bool,
    server: str | None,
    key_file: str | None,
    format: str | None,
    **given: Any,
) -> int:
    """Send FILE (- is standard input), watch its job, write the results.

    Sent again within a day, the same file with the same options is the same job: after Ctrl-C run the same command.
    Exit code 0: every row has its link; 1: some have none; 2: it could not be done.
    """
    if idempotency_key and new:
        raise click.UsageError("--idempotency-key or --new, not both")
    wanted = _target(out, file, as_json, no_wait)
    options, line = _options(**given), opened(server, key_file, quiet)
    with line.client, sources.opened(file, format) as source:
        calls.get(line.client, "/api/me")  # a wrong address or key is known before a gigabyte is sent
        key = idempotency_key or (str(uuid.uuid4()) if new else sources.key_of(source, options))
        job, again = _sent(line, source, options, key)
        line.screen.say(f"job {job['id']}: {_begun(file, source.size, again)}")
        if no_wait:
            return finished(job, as_json)
        return watched(line, job, as_json, wanted, _way_on(file, job))


def _sent(line: Line, source: sources.Source, options: dict[str, str], key: str) -> upload.Sent:
    try:
        return upload.send(line.client, source, options, key, line.screen)
    except KeyboardInterrupt:
        raise Interrupted("stopped while sending; a file that was not received whole makes nothing") from None


def _target(out: str | None, file: str, as_json: bool, no_wait: bool) -> str | None:
    """Where results go; None: nowhere."""
    if no_wait and out:
        raise click.UsageError("--no-wait writes no results: leave --out away")
    if as_json and out == STDOUT:
        raise click.UsageError("--json has standard output: give --out a file")
    if out and out != STDOUT and out == file:
        raise click.UsageError("--out would overwrite the file that is sent")
    if out:
        results.check(out)
    return out or (None if as_json or no_wait else STDOUT)


def _begun(file: str, size: int, again: bool) -> str:
    if again:
        return "this was sent before, going on with its job (--new makes another)"
    return f"{'standard input' if file == '-' else file} sent, {size:,} bytes"


def _way_on(file: str, job: calls.Job) -> str:
    same = "" if file == "-" else ", or the same command once more, results and all"
    shown = f"the job goes on without us: `linkmill watch {job['id']}` shows it again{same}"
    return f"{shown}; `linkmill cancel {job['id']}` stops it"


def _options(
    mapping: tuple[str, ...],
    metadata: tuple[str, ...],
    dry_run: bool,
    titles: bool,
    webhook: str | None,
    header: bool | None,
    tags: tuple[str, ...],
    group: str | None,
    expires: str | None,
    slug_pattern: str | None,
    **plain: str | None,
) -> dict[str, str]:
    """As the query of the call has them."""
    defaults = {"tags": list(tags), "group": group, "slug": slug_pattern} | _life(expires)
    structured = {"mapping": _pairs(mapping), "metadata": _pairs(metadata), "defaults": _said(defaults)}
    asked = {"dry_run": dry_run, "fetch_titles": titles}
    flags = {name: "true" for name, flag in asked.items() if flag}
    flags |= {} if header is None else {"header": str(header).lower()}
    named = {name: json.dumps(value) for name, value in structured.items() if value}
    return _said(plain | {"webhook_url": webhook}) | flags | named


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for name, sign, value in pairs:
        if not (name and sign and value):
            raise click.UsageError(f"{name + sign!r}: it should be like slug=keyword")
    return {name.strip(): value for name, _, value in pairs}


def _life(expires: str | None) -> dict[str, Any]:
    found = TTL.fullmatch(expires or "")
    return {"ttl": int(found[1]) * SECONDS[found[2]]} if found else {"expires_at": expires}
