"""Charts of figures as SVG. Every axis of values begins at zero."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH = 720
MARGIN = 16
TITLE_HEIGHT = 34
BAR_HEIGHT = 26
BAR_GAP = 12
LABEL_WIDTH = 250
VALUE_WIDTH = 120
PLOT_HEIGHT = 220
AXIS_WIDTH = 76
AXIS_HEIGHT = 44
STEPS = 4  # of the axis of values
OURS = "#2563eb"
OTHERS = "#94a3b8"
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2937}.title{font-weight:600;font-size:15px}"
    ".small{font-size:12px;fill:#4b5563}.grid{stroke:#d1d5db}.line{fill:none;stroke-width:2}"
)


class Bar(NamedTuple):
    label: str
    value: float
    unit: str
    is_ours: bool = True


class Point(NamedTuple):
    x: float
    y: float


def write_bars(path: Path, title: str, bars: Sequence[Bar]) -> None:
    """Draw one bar a value, each as long as its share of the largest."""
    largest = max(bar.value for bar in bars)
    height = TITLE_HEIGHT + len(bars) * (BAR_HEIGHT + BAR_GAP) + MARGIN
    parts = [_text(MARGIN, 24, title, kind="title")]
    for place, bar in enumerate(bars):
        top = TITLE_HEIGHT + BAR_GAP / 2 + place * (BAR_HEIGHT + BAR_GAP)
        parts += _bar(bar, largest, top)
    _write(path, height, parts, _describe(title, bars))


def _bar(bar: Bar, largest: float, top: float) -> Iterator[str]:
    color = OURS if bar.is_ours else OTHERS
    left = MARGIN + LABEL_WIDTH
    length = bar.value / largest * (WIDTH - left - VALUE_WIDTH - MARGIN)
    middle = top + BAR_HEIGHT / 2 + 5
    yield _text(left - 10, middle, bar.label, anchor="end")
    yield f'<rect x="{left}" y="{top:.0f}" width="{max(1.0, length):.1f}" height="{BAR_HEIGHT}" fill="{color}"/>'
    yield _text(left + length + 8, middle, f"{bar.value:,.0f} {bar.unit}")


def _describe(title: str, bars: Sequence[Bar]) -> str:
    return f"{title}: " + ", ".join(f"{bar.label} {bar.value:,.0f} {bar.unit}" for bar in bars)


def write_line(path: Path, title: str, x_unit: str, y_unit: str, points: Sequence[Point]) -> None:
    """Draw a line through points; both axes begin at zero."""
    right = max(point.x for point in points)
    top = round_up(max(point.y for point in points))
    left_edge = MARGIN + AXIS_WIDTH
    bottom_edge = TITLE_HEIGHT + MARGIN + PLOT_HEIGHT
    plot_width = WIDTH - left_edge - MARGIN * 2
    parts = [_text(MARGIN, 24, title, kind="title")]
    for step in range(STEPS + 1):
        y = bottom_edge - PLOT_HEIGHT * step / STEPS
        parts.append(f'<path class="grid" d="M{left_edge} {y:.1f}h{plot_width}"/>')
        parts.append(_text(left_edge - 8, y + 4, f"{top * step / STEPS:,.0f}", anchor="end", kind="small"))
        x = left_edge + plot_width * step / STEPS
        parts.append(_text(x, bottom_edge + 18, f"{right * step / STEPS:,.0f}", anchor="middle", kind="small"))
    parts.append(_text(MARGIN, TITLE_HEIGHT + 6, y_unit, kind="small"))
    parts.append(_text(WIDTH - MARGIN, bottom_edge + 36, x_unit, anchor="end", kind="small"))
    places: list[str] = []
    for point in points:
        x = left_edge + plot_width * point.x / right
        y = bottom_edge - PLOT_HEIGHT * point.y / top
        places.append(f"{x:.1f},{y:.1f}")
    parts.append(f'<polyline class="line" stroke="{OURS}" points="{" ".join(places)}"/>')
    _write(path, bottom_edge + AXIS_HEIGHT, parts, title)


def round_up(value: float) -> float:
    """Return the end of an axis: the next 1, 2, 4, 5 or 8 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(times * power for times in (1, 2, 4, 5, 8, 10) if times * power >= value)


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(text)}</text>'


def _write(path: Path, height: float, parts: Sequence[str], description: str) -> None:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">\n'
        f"<title>{escape(description)}</title><style>{STYLE}</style>"
        '<rect width="100%" height="100%" fill="#fff"/>\n'
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "\n".join(parts) + "\n</svg>\n")
