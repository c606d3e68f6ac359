"""The command `linkmill verify`: its options, and the exit code."""

import click

from .. import show
from ..commands.finish import EVERY_ROW, SOME_ROWS_FAILED
from ..commands.options import quiet
from ..errors import Interruption
from . import pairs
from .compare import Followers, compare
from .follow import MOST_CONNECTIONS, Follower, check_server
from .pairs import Choice
from .report import Report


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--old", metavar="COLUMN", help="The column with the old short links. Default: by its name.")
@click.option("--new", metavar="COLUMN", help="The column with the new short links. Default: short_url.")
@click.option("--old-site", metavar="URL", help="The old column holds slugs: put this address before them.")
@click.option("--new-server", metavar="URL", help="Ask this server for the new links, whatever the DNS says.")
@click.option("--at-once", type=click.IntRange(1, MOST_CONNECTIONS), default=8, show_default=True)
@click.option("--timeout", type=click.FloatRange(0.1, 120), default=10, show_default=True, help="Seconds per request.")
@click.option("--allow-private", is_flag=True, help="Follow links to private addresses too.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@quiet
def verify(
    file: str,
    old: str | None,
    new: str | None,
    old_site: str | None,
    new_server: str | None,
    at_once: int,
    timeout: float,
    allow_private: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Follow the old and the new short link of each row, and report those that do not lead to the same place.

    FILE is what `linkmill push` wrote to --out, or any CSV with a column of old and one of new links.
    """
    screen = show.screen(quiet)
    server = check_server(new_server)
    columns = pairs.find_columns(file, Choice(old, new, old_site))
    followers = Followers(Follower(timeout, allow_private), Follower(timeout, allow_private or bool(server), server))
    total = pairs.count_rows(file, columns)
    report = Report()
    try:
        with show.counting(screen, "compared", total) as count:
            for comparison in compare(pairs.read_pairs(file, columns), followers, at_once):
                report.add(comparison)
                count()
    except KeyboardInterrupt:
        raise Interruption("stopped before the end; nothing was changed") from None
    if as_json:
        click.echo(report.as_json())
    elif report.bad:
        click.echo(report.as_table())
    screen.say(report.summary(), "yellow" if report.bad else "green")
    return SOME_ROWS_FAILED if report.bad else EVERY_ROW
