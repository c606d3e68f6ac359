"""Charts: from counts to the positions of bars, which templates draw as SVG."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from web.dashboard.frame import phrases

SPANS = {"7": 7, "30": 30, "90": 90, "all": 365}
"""Of how many days charts are. Clicks are counted by day for a year."""
USUAL_SPAN = "30"
MOST_DATES = 6  # on the axis
WIDTH = 100  # per cent of the page's: positions from left to right grow with it, texts and heights do not
HEIGHT = 180
MARGIN_BOTTOM = 24  # room for the dates
MARGIN_TOP = 8
GAP = 0.25  # of a day's width
MOST_SHARES = 8


class Bar(NamedTuple):
    name: str
    clicks: int
    x: float
    y: float
    width: float
    height: float


class GridLine(NamedTuple):
    """A horizontal line, and the number that it stands for."""

    y: float
    clicks: int


class DateMark(NamedTuple):
    """A date on the axis."""

    x: float
    text: str


class DayChart(NamedTuple):
    """A bar for each of the last days, those without clicks too."""

    total: int
    bars: list[Bar]
    lines: list[GridLine]
    dates: list[DateMark]
    most: int
    height: int = HEIGHT
    floor: int = HEIGHT - MARGIN_BOTTOM


class Share(NamedTuple):
    name: str
    clicks: int
    percent: float


class Span(NamedTuple):
    """Of how many days a chart is."""

    name: str

    @property
    def days(self) -> int:
        return SPANS[self.name]

    @property
    def first_day(self) -> date:
        return datetime.now(UTC).date() - timedelta(days=self.days - 1)


def read_span(values: Mapping[str, str]) -> Span:
    """Read the span in the address of a page."""
    name = values.get("days", USUAL_SPAN)
    return Span(name if name in SPANS else USUAL_SPAN)


def chart_days(by_day: Sequence[dict[str, Any]], span: Span, today: date | None = None) -> DayChart:
    """Draw the member `by_day` of stats."""
    counts = {row["day"]: int(row["clicks"]) for row in by_day}
    last = today or datetime.now(UTC).date()
    days = [(last - timedelta(days=age)).isoformat() for age in reversed(range(span.days))]
    most = max(counts.get(day, 0) for day in days)
    top = round_up(most)
    step = WIDTH / span.days
    bars = []
    for position, day in enumerate(days):
        bars.append(_bar(day, counts.get(day, 0), position * step, step, top))
    lines = [GridLine(_y(clicks, top), clicks) for clicks in sorted({0, top // 2, top})]
    return DayChart(sum(bar.clicks for bar in bars), bars, lines, _date_marks(bars), most)


def _date_marks(bars: list[Bar]) -> list[DateMark]:
    """Name some days below the axis, the last one always."""
    step = -(-len(bars) // MOST_DATES)
    shown = bars[::-1][::step]
    return [DateMark(_middle(bar), f"{date.fromisoformat(bar.name):%-d %b}") for bar in reversed(shown)]


def _middle(bar: Bar) -> float:
    return round(bar.x + bar.width / 2, 2)


def chart_shares(rows: Sequence[dict[str, Any]], member: str, unknown: str) -> list[Share]:
    """Draw the member `by_referrer`, `by_device` or `by_country` of stats: the largest, and the rest as one."""
    counts = [(row[member] or unknown, int(row["clicks"])) for row in rows]
    rest = sum(clicks for _, clicks in counts[MOST_SHARES:])
    counts = counts[:MOST_SHARES]
    if rest:
        counts.append((phrases.OTHERS, rest))
    total = sum(clicks for _, clicks in counts) or 1
    return [Share(name, clicks, round(100 * clicks / total, 1)) for name, clicks in counts]


def all_shares(stats: dict[str, Any]) -> list[tuple[str, list[Share]]]:
    """Draw the three of them, each with its title."""
    return [
        (phrases.REFERRER, chart_shares(stats["by_referrer"], "referrer", phrases.DIRECT)),
        (phrases.DEVICE, chart_shares(stats["by_device"], "device", phrases.OTHER_DEVICE)),
        (phrases.COUNTRY, chart_shares(stats["by_country"], "country", phrases.UNKNOWN_COUNTRY)),
    ]


def round_up(most: int) -> int:
    """Return the next number of the form 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= most:
                return factor * power
        power *= 10


def _bar(name: str, clicks: int, x: float, step: float, top: int) -> Bar:
    y = _y(clicks, top)
    return Bar(name, clicks, round(x + step * GAP / 2, 2), y, round(step * (1 - GAP), 2), round(_y(0, top) - y, 1))


def _y(clicks: int, top: int) -> float:
    return round(MARGIN_TOP + (HEIGHT - MARGIN_BOTTOM - MARGIN_TOP) * (1 - clicks / top), 1)
