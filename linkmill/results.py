"""Writes results: whole or not at all. What breaks off is begun again, and takes its name only when it is complete."""

import os
import shutil
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import IO

import httpx

from . import calls
from .errors import Broken, Failed, NobodyReads
from .show import Screen

STDOUT = "-"
PART = ".part"
NDJSON = (".ndjson", ".jsonl")
SILENCE = httpx.Timeout(120, connect=10)


def check(out: str) -> None:
    """Raises when this could not be written in the end, before anything is begun."""
    path = Path(out)
    if out != STDOUT and (path.is_dir() or not os.access(path.absolute().parent, os.W_OK)):
        raise Failed(f"--out {out}: no file can be written there")


def write(client: httpx.Client, job_id: str, out: str, statuses: Collection[str], screen: Screen) -> None:
    ending = "ndjson" if Path(out).suffix.lower() in NDJSON else "csv"
    if out != STDOUT and (Path(out).is_file() or not Path(out).exists()):
        _into_file(client, job_id, Path(out).resolve(), statuses, ending, screen)
        return
    with tempfile.TemporaryFile() as held:  # what is in a pipe cannot be taken back
        _fetch(client, job_id, statuses, ending, held, screen)
        held.seek(0)
        if out == STDOUT:
            _to_stdout(held)
        else:
            with Path(out).open("wb") as target:
                shutil.copyfileobj(held, target)


def _to_stdout(held: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(held, sys.stdout.buffer)
        sys.stdout.flush()
    except BrokenPipeError:
        raise NobodyReads("") from None


def _into_file(
    client: httpx.Client, job_id: str, path: Path, statuses: Collection[str], ending: str, screen: Screen
) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}{PART}")
    try:
        with part.open("wb") as held:
            _fetch(client, job_id, statuses, ending, held, screen)
            os.fsync(held.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _fetch(
    client: httpx.Client, job_id: str, statuses: Collection[str], ending: str, held: IO[bytes], screen: Screen
) -> None:
    path = calls.job_path(job_id, f"results.{ending}")

    def attempt() -> None:
        held.seek(0)
        held.truncate()
        expected = _expected(calls.job(client, job_id), statuses)
        found = _copied(client, path, statuses, held)
        if expected is not None and found != expected:
            raise Broken(f"the results have {found:,} rows of {expected:,}")

    calls.persistently(attempt, screen.say)


def _copied(client: httpx.Client, path: str, statuses: Collection[str], held: IO[bytes]) -> int:
    """How many rows were written."""
    rows, quoted = 0, False
    query = {"status": ",".join(statuses)} if statuses else {}
    with calls.streamed(client, path, SILENCE, **query) as response:
        for data in response.iter_bytes():
            held.write(data)
            ends, quoted = rows_ended(data, quoted) if path.endswith(".csv") else (data.count(b"\n"), False)
            rows += ends
    held.flush()
    return rows - path.endswith(".csv")  # its header


def rows_ended(data: bytes, quoted: bool) -> tuple[int, bool]:
    """How many rows of a CSV end in a piece of it, and whether what follows is still in quotes as the piece was."""
    pieces = data.split(b'"')
    return sum(piece.count(b"\n") for piece in pieces[quoted::2]), quoted ^ (len(pieces) % 2 == 0)


def _expected(job: calls.Job, statuses: Collection[str]) -> int | None:
    """Rows that the results must have; None: nobody knows while it runs, or of an upload that could not be read."""
    if job["status"] not in ("completed", "cancelled"):
        return None
    counts = job["counts"]
    return sum(counts[name] for name in statuses) if statuses else int(counts["total"])
