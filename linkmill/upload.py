"""Sends a source: streamed from disk, and again when it was cut off, which makes nothing twice."""

from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from . import calls, sources
from .calls import Job
from .show import Screen, uploading
from .sources import Source

NEAR = ("localhost", "127.0.0.1", "::1")
"""Where compressing takes longer than sending."""


class Sent(NamedTuple):
    job: Job
    again: bool
    """Whether it is a job that was made before."""


def send(client: httpx.Client, source: Source, options: dict[str, str], key: str, screen: Screen) -> Sent:
    headers = {"Content-Type": source.type, "Idempotency-Key": key}
    packed = urlsplit(str(client.base_url)).hostname not in NEAR and sources.pays(source)
    headers |= {"Content-Encoding": "gzip"} if packed or source.coding else {}
    headers |= {} if packed else {"Content-Length": str(source.size)}

    def attempt() -> Sent:
        with uploading(screen, source.size) as sent:
            parts = _counted(sources.chunks(source), sent)
            content = sources.gzipped(parts) if packed else parts
            response = calls.call(client, "POST", "/api/jobs", params=options, headers=headers, content=content)
        return Sent(calls.body(response), "Idempotency-Replayed" in response.headers)

    return calls.persistently(attempt, screen.say)


def _counted(parts: Iterator[bytes], sent: Callable[[int], None]) -> Iterator[bytes]:
    total = 0
    for part in parts:
        yield part
        total += len(part)
        sent(total)
