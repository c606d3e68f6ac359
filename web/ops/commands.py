"""Commands for operators: `flask --app web keys create`, `… workspaces set`, `… upgrade`."""

import json

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import DBAPIError

from models import store
from models.accounts import keys as key_rows
from models.accounts import plans
from models.accounts import workspaces as workspace_rows
from models.errors import LinkmillError, SettingsError
from producer.documents.schemas import MOST_AT_ONCE
from web.ops.prepare import prepare

keys = AppGroup("keys", help="API keys.")
workspaces = AppGroup("workspaces", help="Workspaces.")


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
    if plan and plan not in plans.table():
        raise click.BadParameter(f"Use one of {', '.join(plans.table())}", param_hint="--plan")
    try:
        with store.write() as db:
            key = key_rows.create(db, workspace, plan, name, requested)
    except (LinkmillError, DBAPIError) as error:
        raise _command_error(error) from None
    if as_json:
        click.echo(json.dumps(key))
        return
    for field, value in key.items():
        click.echo(f"{field:16} {value}")


@workspaces.command("set")
@click.option("--workspace", default=workspace_rows.DEFAULT, show_default=True)
@click.option(
    "--bulk-limit",
    type=click.IntRange(0, MOST_AT_ONCE),
    required=True,
    help="Links that a URL Shortify call may ask for. 0 means the plan's number.",
)
def set_(workspace: str, bulk_limit: int) -> None:
    """Change a workspace while everything runs."""
    try:
        with store.write() as db:
            workspace_id = workspace_rows.find_id(db, workspace)
            if workspace_id is None:
                raise click.BadParameter(f"There is no workspace {workspace!r}.", param_hint="--workspace")
            workspace_rows.set_bulk_limit(db, workspace_id, bulk_limit or None)
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


@click.command("upgrade", help="Migrate the database to this version.")
@with_appcontext
def upgrade() -> None:
    try:
        prepare(current_app)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
