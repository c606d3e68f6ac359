"""Titles: fetched from where links lead, behind the batch and never in its way."""

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
class Turn:
    """Whose turn it was last, in this process."""

    host: str = ""

    def clear(self) -> None:
        self.host = ""


turn = process_caches.container(Turn())


def fetch_one() -> dict[str, Any]:
    """Fetches the next title that is wanted; the caller asks again until there is none."""
    with store.write() as db:
        row = title_queue.claim(db, turn.host)
    if row is None:
        return {"idle": True}
    turn.host = row.host
    title = _title(row)
    with store.write() as db:
        title_queue.settle(db, row, title)
    return {"url": row.url, "title": title}


def _title(row: title_queue.UntitledLink) -> str:
    """A page that ended whoever fetched it, twice, is not fetched again."""
    title = cached(row.url)
    if title is None:
        title = fetched(row.url) if row.attempts < title_queue.MOST_ATTEMPTS else ""
        remember(row.url, title)
    return title


def fetched(url: str) -> str:
    """The page's title, or nothing: a page that cannot be had has none."""
    try:
        answer = outside.fetch(url)
    except (Unreachable, BadTarget):
        return ""
    if not 200 <= answer.status < 300:
        return ""
    return page_title.title_of(answer.body, answer.headers.get("content-type", "")) or ""


def cached(url: str) -> str | None:
    try:
        found = broker.client().get(_key(url))
    except (RedisError, OSError):
        return None
    return found if isinstance(found, str) else None


def remember(url: str, title: str) -> None:
    try:
        broker.client().set(_key(url), title, ex=CACHE_SECONDS)
    except (RedisError, OSError):
        return


def _key(url: str) -> str:
    return f"linkmill:title:{hashlib.sha256(url.encode()).hexdigest()[:32]}"
