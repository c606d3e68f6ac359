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
from models.errors import LinkmillError
from producer.documents.schemas import MOST_AT_ONCE
from web.ops.prepare import prepare

keys = AppGroup("keys", help="API keys.")
workspaces = AppGroup("workspaces", help="Workspaces.")


@keys.command("create")
@click.option(
    "--workspace", default=workspace_rows.DEFAULT, show_default=True, help="Made when there is none of that name."
)
@click.option("--plan", help="The workspace's; a new one's is builder.")
@click.option("--name", default="key", show_default=True)
@click.option("--scopes", default="read,write", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(workspace: str, plan: str | None, name: str, scopes: str, as_json: bool) -> None:
    """Make a key and print its secrets, for the only time."""
    asked = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    if not asked or set(asked) - set(key_rows.Scope):
        raise click.BadParameter(f"one or both of {', '.join(key_rows.Scope)}", param_hint="--scopes")
    if plan and plan not in plans.table():
        raise click.BadParameter(f"one of {', '.join(plans.table())}", param_hint="--plan")
    try:
        with store.write() as db:
            made = key_rows.create(db, workspace, plan, name, asked)
    except (LinkmillError, DBAPIError) as error:
        raise _failed(error) from None
    click.echo(json.dumps(made) if as_json else "\n".join(f"{field:16} {value}" for field, value in made.items()))


@workspaces.command("set")
@click.option("--workspace", default=workspace_rows.DEFAULT, show_default=True)
@click.option(
    "--bulk-limit",
    type=click.IntRange(0, MOST_AT_ONCE),
    required=True,
    help="Links that an URL Shortify call may ask for; 0: as the plan has it.",
)
def set_(workspace: str, bulk_limit: int) -> None:
    """Change a workspace while everything runs."""
    try:
        with store.write() as db:
            found = workspace_rows.find_id(db, workspace)
            if found is None:
                raise click.BadParameter(f"there is no workspace {workspace!r}", param_hint="--workspace")
            workspace_rows.set_bulk_limit(db, found, bulk_limit or None)
    except (LinkmillError, DBAPIError) as error:
        raise _failed(error) from None


def _failed(error: Exception) -> click.ClickException:
    return click.ClickException(" ".join(f"{error}; is the database there and upgraded?".split()))


@click.command("upgrade", help="Bring the database to the state that this version expects.")
@with_appcontext
def upgrade() -> None:
    prepare(current_app)
