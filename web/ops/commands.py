"""Commands for operators: `flask --app web keys …`, `… workspaces …`, `… upgrade`, `… recount`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import DBAPIError

from models import store
from models.accounts import keys as key_rows
from models.accounts import plans
from models.accounts import workspaces as workspace_rows
from models.errors import Conflict, LinkmillError, NotFound, SettingsError
from producer import operators
from producer.documents.schemas import MOST_AT_ONCE
from web.ops.prepare import prepare

keys = AppGroup("keys", help="API keys.")
workspaces = AppGroup("workspaces", help="Workspaces.")

KEY_COLUMNS = ("id", "workspace", "name", "scopes", "created_at", "last_used_at", "revoked_at")
WORKSPACE_COLUMNS = ("id", "name", "plan", "bulk_limit")
AS_JSON_LINES = "Print one JSON object a line."


@keys.command("create")
@click.option("--workspace", default=workspace_rows.DEFAULT, show_default=True, help="Created when it does not exist.")
@click.option("--plan", help="The plan of the workspace. A new workspace is on builder.")
@click.option("--name", default="key", show_default=True)
@click.option("--scopes", default="read,write", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(workspace: str, plan: str | None, name: str, scopes: str, as_json: bool) -> None:
    """Create a key and print its secrets. They are not shown again."""
    requested = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    if not requested or set(requested) - set(key_rows.Scope):
        raise click.BadParameter(f"Use one or both of {', '.join(key_rows.Scope)}", param_hint="--scopes")
    _check_name(workspace)
    _check_plan(plan)
    with _errors_as_messages(), store.write() as db:
        key = key_rows.create(db, workspace, plan, name, requested)
    _print_fields(key, as_json)


@keys.command("list")
@click.option("--workspace", help="Only the keys of this workspace.")
@click.option("--json", "as_json", is_flag=True, help=AS_JSON_LINES)
def list_keys(workspace: str | None, as_json: bool) -> None:
    """List API keys, revoked ones too, without their secrets."""
    with _errors_as_messages():
        rows = operators.list_keys(workspace)
    _print_table(KEY_COLUMNS, rows, as_json)


@keys.command("revoke")
@click.argument("key_id", metavar="ID")
def revoke_key(key_id: str) -> None:
    """Make a key invalid from the next request on."""
    with _errors_as_messages():
        operators.revoke_key(key_id)


@workspaces.command("list")
@click.option("--json", "as_json", is_flag=True, help=AS_JSON_LINES)
def list_workspaces(as_json: bool) -> None:
    """List all workspaces with their plans."""
    with _errors_as_messages():
        rows = operators.list_workspaces()
    _print_table(WORKSPACE_COLUMNS, rows, as_json)


@workspaces.command("create")
@click.option("--workspace", required=True, help="Its name.")
@click.option("--plan", help="The default is builder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create_workspace(workspace: str, plan: str | None, as_json: bool) -> None:
    """Create a workspace without a key and print its webhook secret."""
    _check_name(workspace)
    _check_plan(plan)
    with _errors_as_messages():
        row = operators.create_workspace(workspace, plan)
    _print_fields(row, as_json)


@workspaces.command("set")
@click.option("--workspace", default=workspace_rows.DEFAULT, show_default=True)
@click.option("--plan", help="The new plan.")
@click.option(
    "--bulk-limit",
    type=click.IntRange(0, MOST_AT_ONCE),
    help="Links that a URL Shortify call may ask for. 0 means the plan's number.",
)
def set_(workspace: str, plan: str | None, bulk_limit: int | None) -> None:
    """Change a workspace while everything runs."""
    if plan is None and bulk_limit is None:
        raise click.UsageError("Use --plan, --bulk-limit or both.")
    _check_plan(plan)
    with _errors_as_messages():
        operators.change_workspace(workspace, plan, bulk_limit)


@workspaces.command("delete")
@click.option("--workspace", required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_workspace(workspace: str, yes: bool) -> None:
    """Delete a workspace with everything in it. Nothing can bring it back."""
    with _errors_as_messages():
        counts = operators.count_workspace(workspace)
    click.echo(f"The workspace {workspace!r} has:")
    for name, count in counts.items():
        if count:
            click.echo(f"{count:>14,} {name.removesuffix('s') if count == 1 else name}")
    if not yes:
        click.confirm("Delete all of it?", abort=True)
    with _errors_as_messages():
        operators.delete_workspace(workspace)
    click.echo(f"Deleted the workspace {workspace!r}.")


@click.command("upgrade", help="Migrate the database to this version.")
@with_appcontext
def upgrade() -> None:
    try:
        prepare(current_app)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


@click.command("recount", help="Correct the totals of clicks, after hosts of an earlier version have counted some.")
def recount() -> None:
    with _errors_as_messages():
        wrong = operators.recount_clicks()
    click.echo(f"Corrected {wrong:,} totals.")


def _check_name(workspace: str) -> None:
    if not workspace.strip():
        raise click.BadParameter("A name must not be blank", param_hint="--workspace")


def _check_plan(plan: str | None) -> None:
    if plan is not None and plan not in plans.table():
        raise click.BadParameter(f"Use one of {', '.join(plans.table())}", param_hint="--plan")


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    try:
        yield
    except NotFound as error:
        raise click.UsageError(str(error)) from None
    except Conflict as error:
        raise click.ClickException(str(error)) from None
    except (LinkmillError, DBAPIError) as error:
        raise _command_error(error) from None


def _command_error(error: Exception) -> click.ClickException:
    if not isinstance(error, DBAPIError):
        return click.ClickException(str(error))
    database = store.engine().url.render_as_string(hide_password=True)
    problem = "has no tables of this version" if store.answers() else "is missing or does not answer"
    reason = " ".join(str(error.orig).split())
    advice = "`flask --app web upgrade` or `make run` prepares it"
    return click.ClickException(f"The database {database} {problem}; {advice} ({reason})")


def _print_fields(fields: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(fields))
        return
    for name, value in fields.items():
        click.echo(f"{name:16} {value}")


def _print_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return
    lines = [list(columns), *([_cell(row[column]) for column in columns] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return ",".join(value) if isinstance(value, list) else str(value)
