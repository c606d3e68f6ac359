"""`linkmill login`: stores a server's address and a key for this user."""

import sys
from pathlib import Path

import click

from .. import calls, settings
from ..errors import printable
from ..settings import Account
from .options import server_options


@click.command()
@server_options
def login(server: str | None, key_file: str | None) -> int:
    """Store the server and a key in a file that only you can read. The key is asked for, and not shown."""
    address = settings.choose_server(server)
    key = settings.read_key(Path(key_file)) if key_file else _ask_for_key(address)
    account = Account(address, settings.check_key(key))
    with calls.open_client(account) as client:
        me = calls.get(client, "/api/me")
    path = settings.store(account)
    click.echo(printable(f"workspace {me['workspace']['name']} on {address}; stored in {path}"), err=True)
    return 0


def _ask_for_key(address: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(f"Key for {address}", hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()
