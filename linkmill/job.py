"""A job of the Python library: wait for it, read its results, cancel, repeat or undo it."""

import json
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx

from . import calls, results
from .calls import JobDocument, has_ended
from .errors import JobFailed, WaitTimeout
from .results import Choice
from .show import Screen

LONGEST_WAIT = 20.0
"""How many seconds one request waits for a change of the job."""


class Job:
    """A job on the server. Its properties say what was last read of it."""

    def __init__(self, http: httpx.Client, screen: Screen, document: JobDocument) -> None:
        self._http = http
        self._screen = screen
        self.document = document
        """All that the server says of it, as `GET /api/jobs/{id}` does."""

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.status}>"

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def kind(self) -> str:
        """create, update, delete or undo."""
        return str(self.document["kind"])

    @property
    def status(self) -> str:
        """queued, running, completed, cancelled or failed."""
        return str(self.document["status"])

    @property
    def outcome(self) -> str | None:
        """succeeded, partial or failed; None while it runs."""
        outcome: str | None = self.document["outcome"]
        return outcome

    @property
    def counts(self) -> dict[str, int]:
        """How many rows there are of each status, and `total`."""
        counts: dict[str, int] = self.document["counts"]
        return counts

    @property
    def errors(self) -> dict[str, int]:
        """How many rows failed with each code."""
        errors: dict[str, int] = self.document["errors"]
        return errors

    @property
    def has_ended(self) -> bool:
        return has_ended(self.document)

    def refresh(self) -> Self:
        """Read the job again."""
        return self._read()

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until the job has ended, also through restarts of the server.

        Rows that failed are in its results. JobFailed: the file itself could not be read. WaitTimeout: it still runs
        after so many seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.has_ended:
            seconds = LONGEST_WAIT if deadline is None else min(LONGEST_WAIT, deadline - time.monotonic())
            if seconds < 0:
                raise WaitTimeout(f"job {self.id} still runs after {timeout:g} seconds")
            self._read(wait=int(seconds))
        if self.status == "failed":
            raise JobFailed(f"the upload of job {self.id} could not be read: {self.document.get('detail')}")
        return self

    def results(self, *statuses: str, clicks: bool = False, clicked: bool | None = None) -> Iterator[dict[str, Any]]:
        """Read the result of each row, in order; only those with these statuses, if any are named.

        `clicks` adds the clicks of each row's link. `clicked` chooses rows whose link was clicked, or never was.

        They are read once the server has sent all of them, so a broken connection never shows a part.
        """
        with tempfile.TemporaryFile() as file:
            choice = Choice(statuses, clicks, clicked)
            results.download(self._http, self.id, choice, "ndjson", file, self._screen)
            file.seek(0)
            for line in file:
                yield json.loads(line)

    def save_results(self, path: str | Path, *statuses: str, clicks: bool = False, clicked: bool | None = None) -> None:
        """Write the results to a .csv or .ndjson file, completely or not at all."""
        results.write(self._http, self.id, str(path), Choice(statuses, clicks, clicked), self._screen)

    def cancel(self) -> Self:
        """Stop the job. What is done stays."""
        self.document = calls.post(self._http, calls.job_path(self.id, "cancel"))
        return self

    def retry(self) -> Self:
        """Run the rows again that failed or were not reached."""
        self.document = calls.post(self._http, calls.job_path(self.id, "retry"))
        return self

    def undo(self) -> "Job":
        """Start the job that takes back what this one did."""
        return Job(self._http, self._screen, calls.post(self._http, calls.job_path(self.id, "undo")))

    def _read(self, **query: Any) -> Self:
        read = partial(calls.read_job, self._http, self.id, **query)
        self.document = calls.retry_while_away(read, self._screen.say)
        return self
