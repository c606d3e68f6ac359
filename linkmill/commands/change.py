"""`linkmill update` and `delete`: by the rows of a file, or all links that match. They ask before they start."""

import sys
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from .. import sources, watch
from ..client import Client, encode_options
from ..errors import LinkmillError
from ..show import summary
from .finish import report, watch_and_report
from .options import as_json, connect, next_command, no_wait, quiet, server_options
from .push import read_pairs
from .sending import Sending, choose_target, send_and_watch

Command = TypeVar("Command", bound=Callable[..., Any])

NUMBERS = ("max_clicks", "ttl")
LISTS = ("tags", "add_tags", "remove_tags")
SWITCHES = {"true": True, "false": False}
WHERE = "Links that match: tag=spring; also search, group, job, status, domain, created_before, created_after, clicks."
OUT = "Where the results go (.csv or .ndjson); default: standard output."


def change_options(command: Command) -> Command:
    """Add the options that both commands have."""
    options = (
        click.argument("file", required=False),
        click.option("--where", "-w", metavar="FILTER=VALUE", multiple=True, help=WHERE),
        click.option("--all", "every_link", is_flag=True, help="All links of the workspace."),
        click.option("--yes", "-y", is_flag=True, help="Do not ask before it starts."),
        click.option("--dry-run", is_flag=True, help="Check every link without changing it."),
        click.option("--out", "-o", metavar="FILE", help=OUT),
        click.option("--name", metavar="TEXT", help="The job's name; default: the file's name."),
        click.option("--map", "mapping", metavar="FIELD=COLUMN", multiple=True, help="The column of a field."),
        click.option("--domain", help="Id or hostname of the domain of slugs that name no other."),
        click.option("--format", type=click.Choice(tuple(sources.TYPES)), help="Default: by its name or content."),
        click.option("--idempotency-key", metavar="KEY", help="Default: derived from the file and the options."),
        click.option("--new", is_flag=True, help="Start another job, even for a file that was sent before."),
        no_wait,
        as_json,
        quiet,
        server_options,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@change_options
@click.option("--set", "set_", metavar="FIELD=VALUE", multiple=True, help="With --where: expires_at=2030-12-31.")
@click.option("--empty", type=click.Choice(("keep", "clear")), help="What an empty cell does; default: keep.")
def update(set_: tuple[str, ...], empty: str | None, **arguments: Any) -> int:
    """Change the link that each row of FILE names by id, external_id, short_url or slug, or all links that match.

    A missing field or an empty cell changes nothing. Exit code 0: every row succeeded; 1: some failed.
    """
    values = {name: parse_value(name, text) for name, text in read_pairs(set_, allow_empty=True).items()}
    if bool(arguments["where"] or arguments["every_link"]) != bool(values):
        raise click.UsageError("--set goes with --where or --all, and they with --set")
    return _start("update", {"set": values}, {"empty": empty}, **arguments)


@click.command()
@change_options
@click.option("--only", type=click.Choice(("unclicked",)), help="Keep links that were clicked.")
def delete(only: str | None, **arguments: Any) -> int:
    """Delete the link that each row of FILE names by id, external_id, short_url or slug, or all links that match.

    `linkmill undo` brings them back. Exit code 0: every row succeeded; 1: some failed.
    """
    return _start("delete", {}, {"only": only}, **arguments)


def parse_value(field: str, text: str) -> Any:
    """Translate the value of --set to JSON; an empty one removes the value."""
    if text == "":
        return None
    if field in LISTS:
        return text.split("|")
    if field in NUMBERS and text.isdigit():
        return int(text)
    if field == "disabled":
        return SWITCHES.get(text, text)
    return text


def _start(
    action: str,
    query: dict[str, Any],
    more: Mapping[str, Any],
    file: str | None,
    where: tuple[str, ...],
    every_link: bool,
    yes: bool,
    mapping: tuple[str, ...],
    server: str | None,
    key_file: str | None,
    quiet: bool,
    **arguments: Any,
) -> int:
    filters = read_pairs(where)
    if sum((file is not None, bool(filters), every_link)) != 1:
        raise click.UsageError("pass either FILE, or --where, or --all")
    dry_run = arguments.pop("dry_run") or None
    columns = {"mapping": read_pairs(mapping) or None}
    names = {"name": arguments.pop("name"), "domain": arguments.pop("domain")}
    options = {"action": action, "dry_run": dry_run} | names | columns | dict(more)
    must_ask = not yes and not dry_run
    if must_ask and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal for a confirmation: pass --yes")
    with connect(server, key_file, quiet) as client:
        if file is None:
            body = {name: value for name, value in options.items() if value is not None}
            return _start_by_query(client, body | query | {"where": filters}, must_ask, **arguments)
        if must_ask:
            click.confirm(f"{action} the links that {file} names?", abort=True, err=True)
        return send_and_watch(client, Sending(file=file, options=encode_options(options), **arguments))


def _start_by_query(
    client: Client,
    body: dict[str, Any],
    must_ask: bool,
    out: str | None,
    no_wait: bool,
    as_json: bool,
    idempotency_key: str | None,
    new: bool,
    format: str | None,
) -> int:
    if new or format:
        raise click.UsageError("--new and --format are for files")
    target = choose_target(out, "", as_json, no_wait)
    if must_ask:
        _ask(client, body)
    job = client.send_query(body, idempotency_key or str(uuid.uuid4()))
    client.screen.say(f"job {job['id']}: {body['action']} has started")
    if no_wait:
        return report(job, as_json)
    watch = f"the job goes on, `{next_command('watch', job['id'])}` shows it again"
    advice = f"{watch}; `{next_command('undo', job['id'])}` takes it back"
    return watch_and_report(client, job, as_json, target, advice)


def _ask(client: Client, body: dict[str, Any]) -> None:
    """Print what a dry run found, and ask for confirmation."""
    job = client.send_query(body | {"dry_run": True}, str(uuid.uuid4()))
    job = watch.follow(client.http, job["id"], client.screen)
    if job["status"] != "completed":
        raise LinkmillError(f"the dry run has not succeeded: {summary(job)}")
    total = job["counts"]["total"]
    click.confirm(f"{body['action']} {total:,} {'link' if total == 1 else 'links'}?", abort=True, err=True)
