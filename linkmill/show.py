"""What people see, on stderr: bars on a terminal, plain lines at intervals anywhere else, nothing when quiet."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from .calls import Job, ended
from .errors import printable

LINES_SECONDS = 5.0
LOOKS_A_SECOND = 8
STYLES = {"succeeded": "green", "partial": "yellow", "failed": "red"}
KINDS_SHOWN = 8
COUNTED = ("created", "updated", "deleted", "existing", "failed", "unprocessed")
WORDS = {"undo": {"existing": "kept"}}
"""What a kind of job calls what it counts."""


@dataclass(frozen=True, slots=True)
class Screen:
    console: Console
    bars: bool
    quiet: bool

    def say(self, text: str, style: str = "") -> None:
        if not self.quiet:
            self.console.print(printable(text), style=style, soft_wrap=True)


def screen(quiet: bool) -> Screen:
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    return Screen(console, sys.stderr.isatty() and not console.is_dumb_terminal, quiet)


@contextmanager
def uploading(screen: Screen, size: int) -> Iterator[Callable[[int], None]]:
    """Gives what is to be called with the number of bytes sent so far."""
    if screen.quiet or not screen.bars:
        say = _paced(screen, time.monotonic())
        yield lambda sent: say(lambda: f"sent {sent:,} of {size:,} bytes")
        return
    columns = (BarColumn(None), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("sending"), *columns, console=screen.console, transient=True, expand=True) as bar:
        task = bar.add_task("", total=size)
        yield lambda sent: bar.update(task, completed=sent)


@contextmanager
def watching(screen: Screen) -> Iterator[Callable[[Job], None]]:
    """Gives what is to be called with the job whenever it has changed."""
    if screen.quiet or not screen.bars:
        say = _paced(screen)
        yield lambda job: None if ended(job) else say(lambda: line(job))
        return
    with Live(console=screen.console, transient=True, refresh_per_second=LOOKS_A_SECOND) as live:
        yield lambda job: live.update(_picture(job))


def line(job: Job) -> str:
    """A job on one line, as it is or as it ended."""
    if ended(job):
        return f"{_name(job)}: " + "; ".join(filter(None, (job.get("detail") or _counts(job), kinds(job))))
    rate = f"{job['rate']:,.0f}/s" if job["rate"] else ""
    return f"{_name(job)}: " + ", ".join(filter(None, (_processed(job), rate, _left(job), kinds(job))))


def ending(screen: Screen, job: Job) -> None:
    screen.say(line(job), STYLES.get(job["outcome"], ""))


def kinds(job: Job) -> str:
    """Failures by kind, the most frequent first."""
    found = sorted(job["errors"].items(), key=lambda kind: -kind[1])
    return ", ".join(f"{count:,} {code}" for code, count in found)


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _picture(job: Job) -> Group:
    columns = (Column(no_wrap=True) for _ in range(3))
    row = Table.grid(Column(), Column(ratio=1), *columns, padding=(0, 1), expand=True)
    total = job["counts"]["total"]
    bar = ProgressBar(total, job["counts"]["processed"], pulse=total is None and not ended(job))
    rate = Text(f"{job['rate']:,.0f}/s" if job["rate"] else "", "magenta")
    row.add_row(Text(job["status"]), bar, Text(_processed(job), "green"), rate, Text(_left(job), "cyan"))
    failed = sorted(job["errors"].items(), key=lambda kind: -kind[1])
    return Group(row, *(Text(f"{count:>12,} {printable(code)}", "red") for code, count in failed[:KINDS_SHOWN]))


def _counts(job: Job) -> str:
    words, counts = WORDS.get(job["kind"], {}), job["counts"]
    return ", ".join(f"{counts[name]:,} {words.get(name, name)}" for name in COUNTED if counts[name]) or "no rows"


def _name(job: Job) -> str:
    return f"job {job['id']} {job['status']}" + (" (dry run)" if job["dry_run"] else "")


def _processed(job: Job) -> str:
    processed, total = job["counts"]["processed"], job["counts"]["total"]
    return f"{processed:,} rows" if total is None else f"{processed:,} of {total:,} rows"


def _left(job: Job) -> str:
    return "" if job["eta_seconds"] is None else f"{duration(job['eta_seconds'])} left"


def _paced(screen: Screen, since: float = -LINES_SECONDS) -> Callable[[Callable[[], str]], None]:
    """Says what it is given, but only now and then."""
    last = since

    def say(text: Callable[[], str]) -> None:
        nonlocal last
        if time.monotonic() - last >= LINES_SECONDS:
            last = time.monotonic()
            screen.say(text())

    return say
