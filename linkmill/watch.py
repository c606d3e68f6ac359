"""Follows a job to its end: by its event stream, by asking where streams are cut, through restarts of the server."""

import json
from collections.abc import Iterator
from functools import partial

import httpx

from . import calls, show
from .calls import Job, ended
from .errors import Away
from .show import Screen

STREAMS = 3
"""Streams that may fail without a single event: after them it is asked for."""
SILENCE = httpx.Timeout(30, connect=10)  # a stream that lives says so every 14 s
ASK_SECONDS = 20


def to_its_end(client: httpx.Client, job_id: str, screen: Screen) -> Job:
    with show.watching(screen) as see:
        for job in _states(client, job_id, screen):
            see(job)
    show.ending(screen, job)
    return job


def _states(client: httpx.Client, job_id: str, screen: Screen) -> Iterator[Job]:
    streams, job = STREAMS, None
    while job is None or not ended(job):
        try:
            for job in _events(client, job_id) if streams else ():
                streams = STREAMS
                yield job
        except Away:
            streams -= 1
        if job is None or not ended(job):
            job = calls.persistently(partial(_asked, client, job_id, 0 if streams else ASK_SECONDS), screen.say)
            yield job


def _events(client: httpx.Client, job_id: str) -> Iterator[Job]:
    with calls.streamed(client, calls.job_path(job_id, "events"), SILENCE) as response:
        for line in response.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def _asked(client: httpx.Client, job_id: str, seconds: float) -> Job:
    found: Job = calls.get(client, calls.job_path(job_id), wait=seconds)
    return found
