"""The command that gives large tables partitions: `flask --app web partition items`."""

import click
from sqlalchemy.exc import DBAPIError

from models import store
from models.errors import LinkmillError
from models.ids import creation_of
from models.partitions import catalog, items, links

TABLES = ("items", "links")
DAYS = 7
COUNT = 8
LOCK = "linkmill partition"
"""Two of these commands at once wait for each other."""
MEGABYTE = 1_000_000


@click.command("partition")
@click.argument("tables", nargs=-1, type=click.Choice(TABLES))
@click.option(
    "--days", type=click.IntRange(1, 366), default=DAYS, show_default=True, help="Items: how long a partition is."
)
@click.option(
    "--count", type=click.IntRange(2, 99), default=COUNT, show_default=True, help="Links: how many partitions."
)
@click.option("--cancel", is_flag=True, help="Links: undo what was interrupted.")
def partition(tables: tuple[str, ...], days: int, count: int, cancel: bool) -> None:
    """Give large tables partitions while everything runs. Without a table, show the partitions that there are."""
    if not store.dialect().has_partitions:
        raise click.ClickException("SQLite has no partitions. `flask --app web copy` moves this to PostgreSQL.")
    try:
        with store.engine().connect() as connection, store.dialect().session_lock(connection, LOCK):
            if cancel:
                links.cancel(click.echo)
            if "items" in tables:
                items.partition(days, click.echo)
            if "links" in tables and not cancel:
                links.partition(count, click.echo)
        for table in tables or TABLES:
            _show(table)
    except (LinkmillError, DBAPIError) as error:
        raise click.ClickException(" ".join(str(error).split())) from None


def _show(table: str) -> None:
    with store.read() as db:
        partitions = catalog.partitions(db, table)
        sizes = [catalog.size(db, part.name) for part in partitions]
    if not partitions:
        click.echo(f"{table} is one table.")
    for part, size in zip(partitions, sizes, strict=True):
        click.echo(f"{part.name:20} {_day(part.first):10} {_day(part.end):10} {size / MEGABYTE:>12,.1f} MB")


def _day(bound: int | None) -> str:
    return "-" if bound is None else f"{creation_of(bound):%Y-%m-%d}"
