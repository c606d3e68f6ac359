"""`linkmill push`: sends a file, watches its job and writes the results."""

import json
import re
from typing import Any

import click

from .. import sources
from .options import as_json, connect, no_wait, quiet, server_options
from .sending import Sending, send_and_watch

TTL = re.compile(r"(\d{1,9})(s|m|h|d|w)")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
TITLES = "Rows without a title get the title of their page."


@click.command()
@click.argument("file")
@click.option("--out", "-o", metavar="FILE", help="Where the results go (.csv or .ndjson); default: standard output.")
@click.option("--name", metavar="TEXT", help="The job's name; default: the file's name.")
@click.option("--dry-run", is_flag=True, help="Check every row and create nothing.")
@click.option("--map", "mapping", metavar="FIELD=COLUMN", multiple=True, help="The column of a field.")
@click.option("--duplicates", type=click.Choice(("create", "reuse")), help="Whether a URL with a link gets another.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="For rows without tags.")
@click.option("--group", help="For rows without a group.")
@click.option("--expires", metavar="WHEN", help="For rows without an expiry: 2030-12-31, or 90d, 12h, 30m.")
@click.option("--slug-pattern", metavar="PATTERN", help="For rows without a slug: promo-{index}.")
@click.option("--slugs", type=click.Choice(("plain", "wide")), help="wide: slugs may be paths, in any script.")
@click.option("--domain", help="Id or hostname of one of your domains.")
@click.option("--webhook", metavar="URL", help="Called when the job has ended.")
@click.option("--titles", is_flag=True, help=TITLES)
@click.option("--metadata", metavar="NAME=TEXT", multiple=True, help="Returned with the job.")
@click.option("--delimiter", help="comma, semicolon, tab or pipe; default: detected.")
@click.option("--encoding", help="Default: detected.")
@click.option("--header/--no-header", default=None, help="Whether the first row names the columns; default: detected.")
@click.option("--sheet", metavar="NAME", help="The sheet of a workbook, by name or number; default: the only one.")
@click.option("--date-order", type=click.Choice(("day-first", "month-first")), help="Default: detected.")
@click.option("--scheme", type=click.Choice(("https",)), help="Added to URLs that have none.")
@click.option("--groups", type=click.Choice(("fail", "create")), help="What to do about groups that do not exist.")
@click.option("--format", type=click.Choice(tuple(sources.TYPES)), help="Default: by the file's name or its content.")
@click.option("--idempotency-key", metavar="KEY", help="Default: derived from the file and the options.")
@click.option("--new", is_flag=True, help="Create another job, even for a file that was sent before.")
@no_wait
@as_json
@quiet
@server_options
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
    **job_options: Any,
) -> int:
    """Send FILE (- is standard input), watch its job, write the results.

    After Ctrl-C run the same command: a file that is sent again within a day with the same options continues its job.
    Exit code 0: every row has its link; 1: some have none; 2: the command failed.
    """
    options = _query(**job_options)
    sending = Sending(file, format, options, idempotency_key, new, out, no_wait, as_json)
    with connect(server, key_file, quiet) as client:
        return send_and_watch(client, sending)


def _query(
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
    **texts: str | None,
) -> dict[str, str]:
    """Translate the options of the command to the query of the request."""
    query = _without_empty(texts | {"webhook_url": webhook})
    if dry_run:
        query["dry_run"] = "true"
    if titles:
        query["fetch_titles"] = "true"
    if header is not None:
        query["header"] = str(header).lower()
    defaults = {"tags": list(tags), "group": group, "slug": slug_pattern} | _expiry(expires)
    structured: dict[str, Any] = {"mapping": read_pairs(mapping), "metadata": read_pairs(metadata)}
    structured["defaults"] = _without_empty(defaults)
    for name, value in structured.items():
        if value:
            query[name] = json.dumps(value)
    return query


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def read_pairs(texts: tuple[str, ...], allow_empty: bool = False) -> dict[str, str]:
    """Read options such as slug=keyword."""
    pairs = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and (value or allow_empty)):
            raise click.UsageError(f"{name + sign!r}: it must look like slug=keyword")
        pairs[name.strip()] = value
    return pairs


def _expiry(expires: str | None) -> dict[str, Any]:
    ttl = TTL.fullmatch(expires or "")
    if ttl:
        return {"ttl": int(ttl[1]) * SECONDS[ttl[2]]}
    return {"expires_at": expires}
