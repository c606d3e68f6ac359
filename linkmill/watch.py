"""Follows a job to its end: by its event stream, by polling where streams break, through restarts of the server."""

import json
from collections.abc import Iterator
from functools import partial

import httpx

from . import calls, show
from .calls import JobDocument, has_ended
from .errors import ServerAway
from .show import Screen

MOST_FAILED_STREAMS = 3
"""After so many streams in a row without a single event, poll."""
STREAM_TIMEOUT = httpx.Timeout(30, connect=10)  # a stream sends something every 14 s
POLL_SECONDS = 20


def follow(client: httpx.Client, job_id: str, screen: Screen) -> JobDocument:
    """Show a job until it has ended, and return it."""
    with show.watching(screen) as update:
        for job in _states(client, job_id, screen):
            update(job)
    show.print_end(screen, job)
    return job


def _states(client: httpx.Client, job_id: str, screen: Screen) -> Iterator[JobDocument]:
    streams = MOST_FAILED_STREAMS
    job = None
    while job is None or not has_ended(job):
        try:
            if streams:
                streams -= 1  # until its first event, a stream counts as a failed one, however it ends
                for job in _events(client, job_id):
                    streams = MOST_FAILED_STREAMS
                    yield job
        except ServerAway:
            pass
        if job is None or not has_ended(job):
            seconds = 0 if streams else POLL_SECONDS
            job = calls.retry_while_away(partial(calls.read_job, client, job_id, wait=seconds), screen.say)
            yield job


def _events(client: httpx.Client, job_id: str) -> Iterator[JobDocument]:
    with calls.stream(client, calls.job_path(job_id, "events"), STREAM_TIMEOUT) as response:
        for line in response.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))
