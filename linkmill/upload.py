"""Sends a source: streamed from disk, and again when it was cut off, which creates nothing twice."""

from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from . import calls, sources
from .calls import JobDocument
from .show import Screen, uploading
from .sources import Source

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Servers for which compressing takes longer than sending."""


class Upload(NamedTuple):
    """The job of an upload."""

    job: JobDocument
    is_repeated: bool
    """Whether the job was created by an earlier upload with the same key."""


def send(client: httpx.Client, source: Source, options: dict[str, str], key: str, screen: Screen) -> Upload:
    """Post a source as a job, until the server has received all of it."""
    compress = urlsplit(str(client.base_url)).hostname not in LOOPBACK and sources.compresses_well(source)
    headers = {"Content-Type": source.type, "Idempotency-Key": key}
    if compress or source.coding:
        headers["Content-Encoding"] = "gzip"
    if not compress:
        headers["Content-Length"] = str(source.size)

    def attempt() -> Upload:
        with uploading(screen, source.size) as update:
            content = _count(sources.chunks(source), update)
            if compress:
                content = sources.gzip_stream(content)
            response = calls.send(client, "POST", "/api/jobs", params=options, headers=headers, content=content)
        return Upload(calls.parse_json(response), "Idempotency-Replayed" in response.headers)

    return calls.retry_while_away(attempt, screen.say)


def _count(chunks: Iterator[bytes], update: Callable[[int], None]) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        yield chunk
        total += len(chunk)
        update(total)
