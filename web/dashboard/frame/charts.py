"""Charts: from counts to the places of bars, which templates draw as SVG."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

DAYS = 30
WIDTH, HEIGHT = 720, 180
LEFT, BOTTOM, TOP = 44, 24, 8  # room for the axes' words
GAP = 0.25  # of a day's width
STEPS = (1, 2, 5)
MOST_SHARES = 8
OTHERS = "others"


class Bar(NamedTuple):
    name: str
    clicks: int
    x: float
    y: float
    width: float
    height: float


class Line(NamedTuple):
    """A line of the grid, and the number that it stands for."""

    y: float
    clicks: int


class Days(NamedTuple):
    """Clicks of the last days, whether there were any or not."""

    total: int
    bars: list[Bar]
    lines: list[Line]
    most: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    floor: int = HEIGHT - BOTTOM


class Share(NamedTuple):
    name: str
    clicks: int
    percent: float


def days(found: Sequence[dict[str, Any]], today: date | None = None) -> Days:
    """Of what stats have as by_day."""
    counted = {row["day"]: int(row["clicks"]) for row in found}
    last = today or datetime.now(UTC).date()
    names = [(last - timedelta(days=back)).isoformat() for back in reversed(range(DAYS))]
    most = max(counted.get(name, 0) for name in names)
    top, step = ceiling(most), (WIDTH - LEFT) / DAYS
    bars = [_bar(name, counted.get(name, 0), LEFT + at * step, step, top) for at, name in enumerate(names)]
    lines = [Line(_y(clicks, top), clicks) for clicks in sorted({0, top // 2, top})]
    return Days(sum(bar.clicks for bar in bars), bars, lines, most)


def shares(found: Sequence[dict[str, Any]], name: str, unknown: str) -> list[Share]:
    """Of what stats have as by_referrer and the like: the largest, and the rest together."""
    counts = [(row[name] or unknown, int(row["clicks"])) for row in found]
    rest = sum(clicks for _, clicks in counts[MOST_SHARES:])
    shown = counts[:MOST_SHARES] + ([(OTHERS, rest)] if rest else [])
    total = sum(clicks for _, clicks in shown) or 1
    return [Share(what, clicks, round(100 * clicks / total, 1)) for what, clicks in shown]


def ceiling(most: int) -> int:
    """The next round number: 1, 2 or 5, and noughts."""
    power = 1
    while True:
        for step in STEPS:
            if step * power >= most:
                return step * power
        power *= 10


def _bar(name: str, clicks: int, x: float, step: float, top: int) -> Bar:
    y = _y(clicks, top)
    return Bar(name, clicks, round(x + step * GAP / 2, 1), y, round(step * (1 - GAP), 1), round(_y(0, top) - y, 1))


def _y(clicks: int, top: int) -> float:
    return round(TOP + (HEIGHT - BOTTOM - TOP) * (1 - clicks / top), 1)
