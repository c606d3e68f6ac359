"""Writes results completely or not at all: a broken download starts again, and only a complete file is renamed."""

import os
import shutil
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import IO, NamedTuple

import httpx

from . import calls
from .errors import ConnectionBroken, LinkmillError, OutputClosed
from .show import Screen

STDOUT = "-"
PART_SUFFIX = ".part"
NDJSON_SUFFIXES = (".ndjson", ".jsonl")
DOWNLOAD_TIMEOUT = httpx.Timeout(120, connect=10)


def check_target(out: str) -> None:
    """Raise LinkmillError, before anything is sent, when results could not be written here."""
    path = Path(out)
    if out != STDOUT and (path.is_dir() or not os.access(path.absolute().parent, os.W_OK)):
        raise LinkmillError(f"--out {out}: no file can be written there")


class Choice(NamedTuple):
    """Which rows and columns of the results to download."""

    statuses: Collection[str] = ()
    """None means all."""
    clicks: bool = False
    """Whether each row has the clicks of its link."""
    clicked: bool | None = None
    """Only rows whose link was clicked, or only those whose link never was."""

    @property
    def query(self) -> dict[str, str]:
        query: dict[str, str] = {}
        if self.statuses:
            query["status"] = ",".join(self.statuses)
        if self.clicks:
            query["clicks"] = "1"
        if self.clicked is not None:
            query["clicked"] = str(int(self.clicked))
        return query


def write(client: httpx.Client, job_id: str, out: str, choice: Choice, screen: Screen) -> None:
    """Download a job's results."""
    suffix = "ndjson" if Path(out).suffix.lower() in NDJSON_SUFFIXES else "csv"
    is_regular = out != STDOUT and (Path(out).is_file() or not Path(out).exists())
    if is_regular:
        _write_file(client, job_id, Path(out).resolve(), choice, suffix, screen)
        return
    with tempfile.TemporaryFile() as copy:  # what is in a pipe cannot be taken back
        download(client, job_id, choice, suffix, copy, screen)
        copy.seek(0)
        if out == STDOUT:
            _write_stdout(copy)
        else:
            with Path(out).open("wb") as target:
                shutil.copyfileobj(copy, target)


def _write_file(client: httpx.Client, job_id: str, path: Path, choice: Choice, suffix: str, screen: Screen) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}{PART_SUFFIX}")
    try:
        with part.open("wb") as file:
            download(client, job_id, choice, suffix, file, screen)
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_stdout(file: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()
    except BrokenPipeError:
        raise OutputClosed("") from None


def download(client: httpx.Client, job_id: str, choice: Choice, suffix: str, file: IO[bytes], screen: Screen) -> None:
    """Write all results to an empty file, from the beginning again when the connection breaks."""
    path = calls.job_path(job_id, f"results.{suffix}")

    def attempt() -> None:
        file.seek(0)
        file.truncate()
        expected = _expected_rows(calls.read_job(client, job_id), choice)
        rows = _copy(client, path, choice, file)
        if expected is not None and rows != expected:
            raise ConnectionBroken(f"the results have {rows:,} rows of {expected:,}")

    calls.retry_while_away(attempt, screen.say)


def _expected_rows(job: calls.JobDocument, choice: Choice) -> int | None:
    """Return how many rows the results must have; None when nobody can say.

    That is so while a job runs, when its upload could not be read, and of rows that are chosen by their clicks.
    """
    if choice.clicked is not None or job["status"] not in ("completed", "cancelled"):
        return None
    counts: dict[str, int] = job["counts"]
    if not choice.statuses:
        return int(counts["total"])
    return sum(counts[name] for name in choice.statuses)


def _copy(client: httpx.Client, path: str, choice: Choice, file: IO[bytes]) -> int:
    """Write an answer to a file and return the number of its rows."""
    is_csv = path.endswith(".csv")
    lines = 0
    quoted = False
    with calls.stream(client, path, DOWNLOAD_TIMEOUT, **choice.query) as response:
        for data in response.iter_bytes():
            file.write(data)
            if is_csv:
                line_ends, quoted = count_line_ends(data, quoted)
                lines += line_ends
            else:
                lines += data.count(b"\n")
    file.flush()
    return lines - 1 if is_csv else lines  # the first line of a CSV is its header


def count_line_ends(data: bytes, quoted: bool) -> tuple[int, bool]:
    """Count the ends of rows in a piece of a CSV; return also whether the piece ends inside quotes."""
    pieces = data.split(b'"')
    unquoted = pieces[quoted::2]
    return sum(piece.count(b"\n") for piece in unquoted), quoted ^ (len(pieces) % 2 == 0)
