"""`linkmill`: the commands, and the exit code of each."""

import sys
from importlib import import_module

import click

from .errors import LinkmillError, OutputClosed

COMMANDS = {
    "push": (".commands.push", "push", "Send a file, watch its job, write the results."),
    "update": (".commands.change", "update", "Change links by a file, or all that match."),
    "delete": (".commands.change", "delete", "Delete links by a file, or all that match."),
    "watch": (".commands.jobs", "watch", "Watch a job to its end."),
    "results": (".commands.jobs", "results_command", "Write a job's results, row by row."),
    "jobs": (".commands.jobs", "jobs", "List jobs, the newest first."),
    "retry": (".commands.jobs", "retry", "Run a job's failed and unprocessed rows again."),
    "cancel": (".commands.jobs", "cancel", "Stop a job. Links that exist stay."),
    "undo": (".commands.jobs", "undo", "Undo what a job did, except where links were used or changed since."),
    "verify": (".verify.command", "verify", "Check that new short links lead where the old ones lead."),
    "login": (".commands.login", "login", "Store the server and a key for this user."),
}
"""The module, the function and the help of each; a module is imported when its command is called, so help is quick."""

COULD_NOT = 2
INTERRUPTED = 130


class Commands(click.Group):
    """The group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module, __package__), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, _, help_text) in COMMANDS.items()])


@click.group(cls=Commands)
@click.version_option(package_name="linkmill", message="%(version)s")
def linkmill() -> None:
    """Create short links from a file: linkmill push urls.csv --out results.csv"""


def main() -> None:
    try:
        code = linkmill.main(prog_name="linkmill", standalone_mode=False)
    except (LinkmillError, OutputClosed) as error:
        error.show()
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = COULD_NOT
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except OSError as error:  # such as a full disk
        reason = error.strerror or str(error)
        LinkmillError(f"{reason} {error.filename}" if error.filename else reason).show()
        code = COULD_NOT
    sys.exit(code)
