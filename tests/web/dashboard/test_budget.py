"""The budget of pages: no page over 150 kB with all that it loads, and none that reads tables whose size has no limit.

With the limits of lists scaled down, a page may read a small part of the links, items and clicks of its workspace.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from models import store
from models.accounts.keys import Owner
from models.links import click_lists, job_links
from producer.resources import links
from tests.bench import pages

LINKS = 20_000
LIMIT = 200
MOST_ROWS = LINKS * 2 // 5  # a search reads a block of 4,096 links, and the overview a fifth of the rows of clicks
MOST_STEPS = 20 * MOST_ROWS
STEPS_A_CALL = 100
LARGE_TABLES = {"links", "items", "clicks", "link_clicks"}


@pytest.mark.slow
@pytest.mark.own_database
def test_no_page_is_large_or_reads_a_large_part_of_a_table(
    client: FlaskClient, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(click_lists, "SHORT_LIST", LIMIT)
    monkeypatch.setattr(job_links, "RANGE", LIMIT)
    monkeypatch.setattr(links, "MOST_COUNTED", LIMIT)
    meter = read_rows if store.engine().name == "postgresql" else read_steps
    for page in pages.fill(owner, LINKS):
        with meter() as readings:
            response = client.get(page)
        assert sum(readings) <= 1, (page, readings)
        assert pages.size_with_assets(client, response) <= pages.LARGEST_PAGE, page


@contextmanager
def read_rows() -> Iterator[list[float]]:
    """Collect how many rows of large tables the statements of a page read, as parts of what it may read."""
    readings: list[float] = []

    def explain(_db: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            (plan,) = cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).fetchone()
            readings.append(rows_of(plan[0]["Plan"]) / MOST_ROWS)

    event.listen(store.engine(), "before_cursor_execute", explain)
    yield readings
    event.remove(store.engine(), "before_cursor_execute", explain)


def rows_of(node: dict[str, Any]) -> float:
    """The rows that a part of a plan reads, those that it drops too."""
    rows = 0.0
    if node.get("Relation Name") in LARGE_TABLES:
        dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        rows = (node["Actual Rows"] + dropped) * node["Actual Loops"]
    return rows + sum(rows_of(part) for part in node.get("Plans", []))


@contextmanager
def read_steps() -> Iterator[list[float]]:
    """Collect how many steps SQLite takes for the statements of a page, as parts of what it may take."""
    readings: list[float] = []

    def start(db: Any, _cursor: Any, statement: str, *_: Any) -> None:
        readings.append(0.0)
        is_counted = "job_clicks" not in statement  # as many rows as kinds of clicks
        db.connection.driver_connection.set_progress_handler(count if is_counted else None, STEPS_A_CALL)

    def count() -> None:
        readings[-1] += STEPS_A_CALL / MOST_STEPS

    event.listen(store.engine(), "before_cursor_execute", start)
    yield readings
    event.remove(store.engine(), "before_cursor_execute", start)
