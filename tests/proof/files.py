"""Files that clients upload, and what the loop of tests/reference.py says of each row."""

import csv
import io
import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from models import settings, store
from models.links import reserved_words
from producer.accept import Upload
from producer.intake.layouts import COUNT, CSV, NDJSON
from producer.job_options import Options
from tests import reference
from tests.outcomes import Outcome
from tests.reference import World

Row = dict[str, Any]

UTF_16 = "utf-16"  # CSV that has to be converted first
BLANK = "blank"  # a file without rows, of which only a worker finds out
BLANK_LINES = 600
FORMATS = (NDJSON, CSV, UTF_16, COUNT, BLANK)
"""How a file may be sent."""
ROWS: tuple[Row, ...] = (
    {"url": "https://a-{}.example/"},
    {"url": "https://b-{}.example/"},
    {"url": "https://a-{}.example/", "slug": "x-{}"},
    {"url": "https://b-{}.example/", "slug": "x-{}"},
    {"url": "https://c-{}.example/", "slug": "y-{}", "external_id": "e-{}"},
    {"url": "https://a-{}.example/", "external_id": "e-{}"},
    {"url": "https://d-{}.example/", "external_id": "f-{}", "slug": "x-{}"},
    {"url": "https://e-{}.example/", "max_clicks": 1},
    {"url": "https://a-{}.example/", "slug": "not good"},
    {"url": "nope"},
    {"url": "https://f-{}.example/", "slug": "api"},
)
"""Rows that want the same slugs, external ids and URLs. Braces stand for what makes the keys of a file its own."""
CHANGES: tuple[Row, ...] = (
    {"slug": "x-{}", "title": "one"},
    {"slug": "y-{}", "title": "two"},
    {"external_id": "e-{}", "title": "two"},
    {"slug": "x-{}", "title": "three"},
    {"external_id": "f-{}", "title": "one"},
    {"slug": "y-{}", "title": "one"},
    {"external_id": "e-{}", "title": None},
    {"slug": "x-{}", "max_clicks": 0},
    {"slug": "nobody", "title": "one"},
    {"title": "one"},
)
"""Rows that change or delete the links of ROWS, some of them by two names."""
CHANGE_FORMATS = (NDJSON, CSV, UTF_16)
FIELDS = ("url", "slug", "external_id", "max_clicks", "title")
SHARED = "all"
"""In place of a number of its own, in files that share their keys."""

numbers = count(1)


@dataclass
class File:
    """What a client sends, once or several times."""

    rows: list[Row]
    format: str
    options: Options
    key: str | None = None
    """The client's idempotency key."""
    is_private: bool = True
    """No other file has its slugs, external ids and URLs."""
    number: int = field(default_factory=lambda: next(numbers))
    """The name of its jobs."""

    @property
    def upload(self) -> Upload:
        if self.format == COUNT:
            return Upload(COUNT, COUNT, [json.dumps(self.rows[0]).encode()], len(self.rows))
        if self.format == NDJSON:
            text = "".join(json.dumps(row) + "\n" for row in self.rows)
            return Upload(NDJSON, NDJSON, [text.encode()])
        if self.format == BLANK:
            return Upload(CSV, CSV, [b"url\n" + b"\n" * BLANK_LINES])
        return Upload(CSV, CSV, [self._csv().encode("utf-16" if self.format == UTF_16 else "utf-8")])

    def _csv(self) -> str:
        out = io.StringIO()
        writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue()


def make_file(picks: list[int], kind: str, options: dict[str, Any], key: str | None, is_private: bool) -> File:
    """Make a file of rows that are picked from ROWS."""
    number = next(numbers)
    mark = str(number) if is_private else SHARED
    rows = [_mark(ROWS[pick % len(ROWS)], mark) for pick in picks]
    if kind == COUNT:
        rows = [{"url": rows[0]["url"]}] * len(rows)
    return File(rows, kind, Options(name=str(number), **options), key, is_private, number)


def make_changes(picks: list[int], kind: str, options: dict[str, Any], key: str | None) -> File:
    """Make a file of rows that are picked from CHANGES, about links of the files that share their keys."""
    number = next(numbers)
    rows = [_mark(CHANGES[pick % len(CHANGES)], SHARED) for pick in picks]
    return File(rows, kind, Options(name=str(number), **options), key, False, number)


def _mark(row: Row, mark: str) -> Row:
    return {name: value.replace("{}", mark) if isinstance(value, str) else value for name, value in row.items()}


class Loop:
    """The loop over the rows of a file, which goes on with each run of its job."""

    def __init__(self, file: File) -> None:
        self.file = file
        with store.read() as db:
            reserved = reserved_words.load(db)
        self.world = World(settings.get().authority, reserved)
        self.world.reuse = file.options.duplicates == "reuse"

    def go_over(self, indexes: list[int]) -> dict[int, Outcome]:
        """What it says of some rows, in input order."""
        return {index: reference.create(self.file.rows[index], self.world) for index in sorted(indexes)}
