"""`linkmill`: which commands there are, and how each ends."""

import sys
from importlib import import_module

import click

from .errors import Failed, NobodyReads

COMMANDS = {
    "push": (".push", "push", "Send a file, watch its job, write the results."),
    "watch": (".jobs", "watch", "Watch a job to its end."),
    "results": (".jobs", "results_", "Write a job's results, row by row."),
    "jobs": (".jobs", "jobs", "List jobs, the newest first."),
    "retry": (".jobs", "retry", "Run a job's failed and unprocessed rows again."),
    "cancel": (".jobs", "cancel", "Stop a job. What is done stays."),
    "undo": (".jobs", "undo", "Delete the links that a job made and nobody has clicked."),
    "login": (".login", "login", "Keep the server and a key for this user."),
}
"""Each where it is: loaded only when it is called, so that help and wrong words are answered at once."""

COULD_NOT, INTERRUPTED = 2, 130


class Commands(click.Group):
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
            formatter.write_dl([(name, told) for name, (_, _, told) in COMMANDS.items()])


@click.group(cls=Commands)
@click.version_option(package_name="linkmill", message="%(version)s")
def linkmill() -> None:
    """Short links by the file: linkmill push urls.csv --out results.csv"""


def main() -> None:
    try:
        code = linkmill.main(prog_name="linkmill", standalone_mode=False)
    except (Failed, NobodyReads) as error:
        error.show()
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = COULD_NOT
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except OSError as error:  # such as a disk that is full
        Failed(" ".join(filter(None, (error.strerror or str(error), error.filename)))).show()
        code = COULD_NOT
    sys.exit(code)
