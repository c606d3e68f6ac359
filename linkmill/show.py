"""What users see on stderr: bars on a terminal, plain lines at intervals elsewhere, nothing when quiet."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text
from rich.theme import Theme

from .calls import JobDocument, has_ended
from .errors import printable

LINE_SECONDS = 5.0
REFRESHES_A_SECOND = 8
THEME = Theme(
    {"bar.complete": "green", "bar.finished": "green", "bar.pulse": "green", "progress.data.speed": "magenta"}
)
"""Red is for failures only, so rich's red bars are green."""
STYLES = {"succeeded": "green", "partial": "yellow", "failed": "red"}
MOST_ERROR_CODES = 8
TENTHS_BELOW = 10.0
"""Shorter times in seconds are shown with a decimal."""
COUNT_NAMES = ("created", "updated", "deleted", "existing", "failed", "unprocessed")
WORDS = {
    "update": {"existing": "unchanged"},
    "delete": {"existing": "kept"},
    "undo": {"created": "restored", "updated": "reverted", "existing": "kept"},
}
"""Other words for the counts of a kind of job."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a command writes, and how."""

    console: Console
    bars: bool
    quiet: bool

    def say(self, text: str, style: str = "") -> None:
        if not self.quiet:
            self.console.print(printable(text), style=style, soft_wrap=True)


def screen(quiet: bool) -> Screen:
    console = Console(stderr=True, markup=False, highlight=False, emoji=False, theme=THEME)
    return Screen(console, sys.stderr.isatty() and not console.is_dumb_terminal, quiet)


@contextmanager
def uploading(screen: Screen, size: int) -> Iterator[Callable[[int], None]]:
    """Give a function to call with the number of bytes sent so far."""
    if screen.quiet or not screen.bars:
        say = _say_at_intervals(screen, time.monotonic())
        yield lambda total: say(lambda: f"sent {total:,} of {size:,} bytes")
        return
    columns = (BarColumn(None), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("sending"), *columns, console=screen.console, transient=True, expand=True) as bar:
        task = bar.add_task("", total=size)
        yield lambda total: bar.update(task, completed=total)


@contextmanager
def counting(screen: Screen, verb: str, total: int) -> Iterator[Callable[[], None]]:
    """Give a function to call once for each thing that is done."""
    done = 0
    if screen.quiet or not screen.bars:
        say = _say_at_intervals(screen, time.monotonic())

        def count() -> None:
            nonlocal done
            done += 1
            say(lambda: f"{verb} {done:,} of {total:,}")

        yield count
        return
    columns = (BarColumn(None), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(TextColumn(verb), *columns, console=screen.console, transient=True, expand=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


@contextmanager
def watching(screen: Screen) -> Iterator[Callable[[JobDocument], None]]:
    """Give a function to call with the job whenever it has changed."""
    if screen.quiet or not screen.bars:
        say = _say_at_intervals(screen)

        def print_while_open(job: JobDocument) -> None:
            if not has_ended(job):
                say(lambda: summary(job))

        yield print_while_open
        return
    with Live(console=screen.console, transient=True, refresh_per_second=REFRESHES_A_SECOND) as live:
        yield lambda job: live.update(_bar(job))


def summary(job: JobDocument) -> str:
    """Describe a job on one line, as it is or as it ended."""
    if has_ended(job):
        end = [job.get("detail") or _counts(job), error_counts(job), _time_taken(job)]
        return f"{_title(job)}: " + "; ".join(filter(None, end))
    parts = [_progress(job), _rate(job), _time_left(job), error_counts(job)]
    return f"{_title(job)}: " + ", ".join(filter(None, parts))


def print_end(screen: Screen, job: JobDocument) -> None:
    screen.say(summary(job), STYLES.get(job["outcome"], ""))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align rows below the names of their columns."""
    lines = [columns, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def error_counts(job: JobDocument) -> str:
    return ", ".join(f"{count:,} {code}" for code, count in _frequent_errors(job))


def _frequent_errors(job: JobDocument) -> list[tuple[str, int]]:
    """The error codes of a job with their counts, the most frequent first."""
    return sorted(job["errors"].items(), key=lambda entry: -entry[1])


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {rest} s"
    return f"{rest} s"


def _bar(job: JobDocument) -> Group:
    """Draw a line with a bar, and a line for each of the most frequent errors."""
    columns = (Column(no_wrap=True) for _ in range(3))
    row = Table.grid(Column(), Column(ratio=1), *columns, padding=(0, 1), expand=True)
    total = job["counts"]["total"]
    bar = ProgressBar(total, job["counts"]["processed"], pulse=total is None and not has_ended(job))
    rate = Text(_rate(job), "magenta")
    row.add_row(Text(job["status"]), bar, Text(_progress(job), "green"), rate, Text(_time_left(job), "cyan"))
    lines = []
    for code, count in _frequent_errors(job)[:MOST_ERROR_CODES]:
        lines.append(Text(f"{count:>12,} {printable(code)}", "red"))
    return Group(row, *lines)


def _title(job: JobDocument) -> str:
    dry_run = " (dry run)" if job["dry_run"] else ""
    return f"job {job['id']} {job['status']}{dry_run}"


def _counts(job: JobDocument) -> str:
    words = WORDS.get(job["kind"], {})
    counts = job["counts"]
    return ", ".join(f"{counts[name]:,} {words.get(name, name)}" for name in COUNT_NAMES if counts[name]) or "no rows"


def _progress(job: JobDocument) -> str:
    processed = job["counts"]["processed"]
    total = job["counts"]["total"]
    return f"{processed:,} rows" if total is None else f"{processed:,} of {total:,} rows"


def _rate(job: JobDocument) -> str:
    return f"{job['rate']:,.0f}/s" if job["rate"] else ""


def _time_taken(job: JobDocument) -> str:
    """How long the last run of an ended job took, and its rate."""
    if not job["started_at"] or not job["finished_at"]:
        return ""
    run = datetime.fromisoformat(job["finished_at"]) - datetime.fromisoformat(job["started_at"])
    seconds = run.total_seconds()
    time_taken = f"{max(seconds, 0.1):.1f} s" if seconds < TENTHS_BELOW else duration(seconds)
    return ", ".join(filter(None, [time_taken, _rate(job)]))


def _time_left(job: JobDocument) -> str:
    return "" if job["eta_seconds"] is None else f"{duration(job['eta_seconds'])} left"


def _say_at_intervals(screen: Screen, since: float = -LINE_SECONDS) -> Callable[[Callable[[], str]], None]:
    """Return a function that prints a line unless it has printed one a moment ago."""
    last = since

    def say(text: Callable[[], str]) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            screen.say(text())

    return say
