"""Options that several commands share, and what each begins with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click
import httpx

from . import calls, settings, show
from .show import Screen

Command = TypeVar("Command", bound=Callable[..., Any])


def connected(command: Command) -> Command:
    """The server and the key: the latter never as a word of the command line, which others can see."""
    command = click.option("--key-file", metavar="FILE", help="Has the key, or JSON with a token.")(command)
    return click.option("--server", metavar="URL", help=f"Else {settings.SERVER}, or what `login` wrote.")(command)


quiet = click.option("--quiet", "-q", is_flag=True, help="Say nothing but what went wrong.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print the job as JSON at the end.")
no_wait = click.option("--no-wait", is_flag=True, help="Do not watch the job.")


@dataclass(frozen=True, slots=True)
class Line:
    """An open line to the server."""

    client: httpx.Client
    screen: Screen


def opened(server: str | None, key_file: str | None, quiet: bool = False) -> Line:
    return Line(calls.opened(settings.find(server, key_file)), show.screen(quiet))
