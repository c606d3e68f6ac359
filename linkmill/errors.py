"""What keeps a command from being done: each a line for people, and an exit code."""

import os
import sys
from typing import IO, Any

import click


class Failed(click.ClickException):
    """Could not be done."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"linkmill: {printable(self.message)}", file=file or sys.stderr)


class Refused(Failed):
    """The server understood and said no."""


class Away(Failed):
    """Nobody answers at this moment; `seconds` says when to come again, if it was told."""

    def __init__(self, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class Broken(Away):
    """An answer, or what we sent, was cut off in the middle."""


class Interrupted(Failed):
    """Ctrl-C; the message says how to go on."""

    exit_code = 130


class NobodyReads(click.ClickException):
    """Whoever reads our results has enough of them: nothing to complain of."""

    exit_code = 141

    def show(self, file: IO[Any] | None = None) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain on its way out


def printable(text: str) -> str:
    """On one line, and without signs that a terminal would obey: part of it may be somebody's data."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
