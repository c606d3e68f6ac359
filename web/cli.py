"""Commands for operators: `flask --app web keys create`, `flask --app web upgrade`."""

import json

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import DBAPIError

from models import keys as key_rows
from models import plans, store, workspaces
from models.errors import LinkmillError
from web.prepare import prepare

keys = AppGroup("keys", help="API keys.")


@keys.command("create")
@click.option(
    "--workspace", default=workspaces.DEFAULT, show_default=True, help="Made when there is none of that name."
)
@click.option("--plan", help="The workspace's; a new one's is builder.")
@click.option("--name", default="key", show_default=True)
@click.option("--scopes", default="read,write", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(workspace: str, plan: str | None, name: str, scopes: str, as_json: bool) -> None:
    """Make a key and print its secrets, for the only time."""
    asked = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    if not asked or set(asked) - set(key_rows.SCOPES):
        raise click.BadParameter(f"one or both of {', '.join(key_rows.SCOPES)}", param_hint="--scopes")
    if plan and plan not in plans.table():
        raise click.BadParameter(f"one of {', '.join(plans.table())}", param_hint="--plan")
    try:
        with store.write() as db:
            made = key_rows.create(db, workspace, plan, name, asked)
    except (LinkmillError, DBAPIError) as error:
        raise click.ClickException(" ".join(f"{error}; is the database there and upgraded?".split())) from None
    click.echo(json.dumps(made) if as_json else "\n".join(f"{field:16} {value}" for field, value in made.items()))


@click.command("upgrade", help="Bring the database to the state that this version expects.")
@with_appcontext
def upgrade() -> None:
    prepare(current_app)
