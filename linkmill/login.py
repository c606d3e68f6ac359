"""`linkmill login`: keeps a server's address and a key for this user."""

import sys
from pathlib import Path

import click

from . import calls, settings
from .errors import printable
from .options import connected
from .settings import Where


@click.command()
@connected
def login(server: str | None, key_file: str | None) -> int:
    """Keep the server and a key in a file that only you can read. The key is asked for, and not shown."""
    address = settings.chosen_server(server)
    where = Where(address, settings.checked_key(settings.key_of(Path(key_file)) if key_file else _asked(address)))
    with calls.opened(where) as client:
        found = calls.get(client, "/api/me")
    path = settings.keep(where)
    click.echo(printable(f"workspace {found['workspace']['name']} on {address}; kept in {path}"), err=True)
    return 0


def _asked(address: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(f"Key for {address}", hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()
