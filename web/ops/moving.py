"""Commands that move an installation: `flask --app web copy --to URL`, `… backup FOLDER`, `… restore FOLDER`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from models import settings
from models.errors import LinkmillError, SettingsError
from producer.moving import installation

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("copy")
@click.option("--to", "database_url", required=True, metavar="URL", help="An empty database, or a copy to carry on.")
@click.option("--uploads-to", default="", metavar="URL", help="Copy the uploads too: a folder or s3://bucket/prefix.")
def copy(database_url: str, uploads_to: str) -> None:
    """Copy this installation to another database. Run it again to carry over what has changed."""
    _run(lambda: installation.copy(_normalize(database_url), uploads_to, click.echo))


@click.command("backup")
@click.argument("folder", type=FOLDER)
def backup(folder: Path) -> None:
    """Write database and uploads into a new folder, as they are at this moment."""
    _run(lambda: installation.back_up(folder, click.echo))


@click.command("restore")
@click.argument("folder", type=FOLDER)
@click.option(
    "--skip-slugs",
    type=click.IntRange(min=0),
    default=installation.SKIPPED_SLUGS,
    show_default=True,
    help="How many automatic slugs of each length may have been handed out since the backup.",
)
def restore(folder: Path, skip_slugs: int) -> None:
    """Fill this installation's database, which must be empty, and its uploads from a backup."""
    _run(lambda: installation.restore(folder, click.echo, skip_slugs))


@click.command("skip-slugs")
@click.argument("count", type=click.IntRange(min=0), default=installation.SKIPPED_SLUGS)
def skip_slugs(count: int) -> None:
    """Hand out none of the next automatic slugs: after the database was restored by other means."""
    _run(lambda: installation.skip_slugs(count))


COMMANDS = (copy, backup, restore, skip_slugs)


def _normalize(database_url: str) -> str:
    try:
        return settings.load({"DATABASE_URL": database_url}).database_url
    except SettingsError as error:
        raise click.BadParameter(str(error).partition(": ")[2], param_hint="--to") from None


def _run(move: Callable[[], Any]) -> None:
    try:
        move()
    except (LinkmillError, DBAPIError, OSError) as error:
        raise click.ClickException(" ".join(str(error).split())) from None
