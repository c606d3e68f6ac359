"""Titles: fetched from the pages that links lead to, after the links exist and never in their way."""

import hashlib
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from models import process_caches, store
from models.errors import BadTarget, Unreachable
from models.links import title_queue
from producer import outside
from producer.outside import page_title
from producer.signals import broker

CACHE_SECONDS = 86_400


@dataclass
class LastHost:
    """The host from which this process fetched last: hosts take turns."""

    name: str = ""

    def clear(self) -> None:
        self.name = ""


last_host = process_caches.container(LastHost())


def fetch_one() -> dict[str, Any]:
    """Fetch the next title in the queue. The caller repeats this until the result is idle."""
    with store.write() as db:
        link = title_queue.claim(db, last_host.name)
    if link is None:
        return {"idle": True}
    last_host.name = link.host
    title = _title(link)
    with store.write() as db:
        title_queue.settle(db, link, title)
    return {"url": link.url, "title": title}


def _title(link: title_queue.UntitledLink) -> str:
    title = read_cache(link.url)
    if title is not None:
        return title
    # A page that has killed two workers is not fetched again.
    title = fetch_title(link.url) if link.attempts < title_queue.MOST_ATTEMPTS else ""
    write_cache(link.url, title)
    return title


def fetch_title(url: str) -> str:
    """The title of a page, or an empty text when the page cannot be fetched or has none."""
    try:
        answer = outside.fetch(url)
    except (Unreachable, BadTarget):
        return ""
    if not 200 <= answer.status < 300:
        return ""
    return page_title.title_of(answer.body, answer.headers.get("content-type", "")) or ""


def read_cache(url: str) -> str | None:
    try:
        title = broker.client().get(_key(url))
    except (RedisError, OSError):
        return None
    return title if isinstance(title, str) else None


def write_cache(url: str, title: str) -> None:
    try:
        broker.client().set(_key(url), title, ex=CACHE_SECONDS)
    except (RedisError, OSError):
        return


def _key(url: str) -> str:
    return f"linkmill:title:{hashlib.sha256(url.encode()).hexdigest()[:32]}"
