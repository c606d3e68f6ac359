"""Errors: exceptions of the library, and ends of a command, with one line for the user and an exit code."""

import os
import sys
from collections.abc import Mapping
from typing import IO, Any

import click


class LinkmillError(click.ClickException):
    """What was asked for could not be done. The root of all errors of the library."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"linkmill: {printable(self.message)}", file=file or sys.stderr)


class RequestRefused(LinkmillError):
    """The server understood the request and refused it: `status` and `code` say why, `errors` which fields."""

    def __init__(self, message: str, status: int = 0, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = str((problem or {}).get("code", ""))
        self.errors: list[dict[str, str]] = list((problem or {}).get("errors") or ())


class JobFailed(LinkmillError):
    """The upload of a job could not be read."""


class WaitTimeout(LinkmillError):
    """The job still runs when the time to wait is over."""


class ServerAway(LinkmillError):
    """The server does not answer now; `seconds` is the pause that it asks for, if any."""

    def __init__(self, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class ConnectionBroken(ServerAway):
    """A request or an answer was cut off."""


class Interruption(LinkmillError):
    """Ctrl-C; the message says how to continue."""

    exit_code = 130


class OutputClosed(click.ClickException):
    """The reader of our output has closed it, as `head` does: this is no error."""

    exit_code = 141

    def show(self, file: IO[Any] | None = None) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain on its way out


def printable(text: str) -> str:
    """Return text on one line without control characters: parts of it are other people's data."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
