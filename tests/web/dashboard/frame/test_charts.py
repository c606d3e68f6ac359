"""Charts: what is drawn of counts."""

from datetime import date, timedelta

import pytest

from web.dashboard.frame import charts

TODAY = date(2026, 11, 21)
SPAN = charts.Span(charts.USUAL_SPAN)


def test_every_day_has_a_bar_as_high_as_its_clicks() -> None:
    chart = charts.chart_days([{"day": "2026-11-20", "clicks": 30}, {"day": "2026-11-21", "clicks": 12}], SPAN, TODAY)
    assert [bar.name for bar in chart.bars] == [
        (TODAY - timedelta(days=back)).isoformat() for back in range(SPAN.days - 1, -1, -1)
    ]
    assert [bar.clicks for bar in chart.bars] == [0] * (SPAN.days - 2) + [30, 12]
    assert (chart.total, chart.most, [line.clicks for line in chart.lines]) == (42, 30, [0, 25, 50])
    before, last = chart.bars[-2:]
    assert before.height == pytest.approx(2.5 * last.height, abs=0.3)
    for bar in chart.bars:
        assert bar.y + bar.height == pytest.approx(chart.floor, abs=0.11)
        assert 0 <= bar.x < bar.x + bar.width <= charts.WIDTH
        assert bar.y >= charts.MARGIN_TOP


def test_clicks_before_the_days_that_are_drawn_are_in_no_bar() -> None:
    chart = charts.chart_days([{"day": "2026-01-01", "clicks": 7}], SPAN, TODAY)
    assert (chart.total, chart.most) == (0, 0)
    assert {bar.height for bar in chart.bars} == {0}


@pytest.mark.parametrize(("most", "top"), [(0, 1), (1, 1), (3, 5), (7, 10), (11, 20), (5_000_001, 10_000_000)])
def test_the_axis_ends_at_a_round_number(most: int, top: int) -> None:
    assert charts.round_up(most) == top


def test_shares_are_the_largest_and_the_rest_together() -> None:
    found = [{"referrer": f"h{at}" if at else "", "clicks": 10} for at in range(charts.MOST_SHARES + 2)]
    shown = charts.chart_shares(found, "referrer", "direct")
    assert [share.name for share in shown] == ["direct", *(f"h{at}" for at in range(1, 8)), "Others"]
    assert [share.clicks for share in shown] == [10] * 8 + [20]
    assert (shown[0].percent, shown[-1].percent) == (10.0, 20.0)
    assert charts.chart_shares([], "device", "other") == []


@pytest.mark.parametrize(("text", "days"), [("7", 7), ("90", 90), ("all", 365), ("8", 30), ("", 30)])
def test_a_span_is_one_of_those_that_are_offered(text: str, days: int) -> None:
    assert charts.read_span({"days": text}).days == days
    assert charts.read_span({}).days == 30


@pytest.mark.parametrize("name", charts.SPANS)
def test_the_axis_names_some_days_and_the_last_one(name: str) -> None:
    chart = charts.chart_days([], charts.Span(name), TODAY)
    assert len(chart.dates) <= charts.MOST_DATES + 1
    assert chart.dates[-1].text == "21 Nov"
