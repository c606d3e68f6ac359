"""The rows that the benchmarks send: a URL, a title and an expiry each, and a slug of their own when asked."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

MOMENT = "2026-11-21T08:00:00Z"
FIRST_EXPIRY = datetime(2028, 1, 1, tzinfo=UTC)
ODD = 2_654_435_761  # spreads custom slugs over their alphabet, as names in a file would be


class Row(NamedTuple):
    url: str
    title: str
    expires_at: str
    slug: str = ""


def row(index: int, count: int, custom: bool = False) -> Row:
    return Row(
        f"https://shop.example.com/products/{index}/item-{index * 7919 % count}?ref=mail",
        f"Product number {index}",
        (FIRST_EXPIRY + timedelta(seconds=index % 5_000_000)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        f"{index * ODD % 2**32:08x}{index:x}" if custom else "",
    )


def make(count: int, custom: bool = False) -> list[Row]:
    return [row(index, count, custom) for index in range(count)]


def write_many(path: Path, count: int) -> None:
    """Write many rows without holding all of them in memory."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields[:3])
        writer.writerows(row(index, count)[:3] for index in range(count))


def write(path: Path, rows: list[Row]) -> None:
    custom = bool(rows[0].slug)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields if custom else Row._fields[:3])
        writer.writerows(rows if custom else (row[:3] for row in rows))
