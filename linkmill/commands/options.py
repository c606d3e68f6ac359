"""Options that several commands share, and the client that each begins with."""

import shlex
from collections.abc import Callable
from typing import Any, TypeVar

import click

from .. import settings, show
from ..client import Client

Command = TypeVar("Command", bound=Callable[..., Any])


def server_options(command: Command) -> Command:
    """Add --server and --key-file; there is no --key, since other users can see a command line."""
    command = click.option("--key-file", metavar="FILE", help="A file with the key, or JSON with a token.")(command)
    default = f"Default: {settings.SERVER}, or what `login` stored."
    return click.option("--server", metavar="URL", help=default)(command)


quiet = click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print the job as JSON at the end.")
no_wait = click.option("--no-wait", is_flag=True, help="Do not watch the job.")


def next_command(*words: str) -> str:
    """Write a command that users can type next, with the server and the key file that they passed to this one."""
    line = ["linkmill", *words]
    context = click.get_current_context(silent=True)
    options = context.params if context else {}
    for name, option in (("server", "--server"), ("key_file", "--key-file")):
        if options.get(name):
            line += [option, options[name]]
    return shlex.join(line)


def connect(server: str | None, key_file: str | None, quiet: bool = False) -> Client:
    return Client.of_account(settings.find_account(server, key_file), show.screen(quiet))
