"""Options of jobs that change links, as they arrive in a JSON body."""

from typing import Any

import pytest

from models.errors import Invalid
from producer.intake import json_bodies
from producer.job_options import JobAction
from web import bodies


def test_a_body_with_where_is_a_query() -> None:
    body = (
        b'{"action": "update", "where": {"tag": "a", "created_before": "2026-01-01T00:00:00Z"}, "set": {"title": null}}'
    )
    parsed = json_bodies.parse(body)
    options = bodies.load_options(parsed.options)
    assert parsed.is_query
    assert options.action == JobAction.UPDATE
    assert options.where == {"tag": "a", "created_before": "2026-01-01T00:00:00+00:00"}
    assert options.set == {"title": None}


@pytest.mark.parametrize(
    "options",
    [
        {"where": {"colour": "red"}},
        {"where": {"search": ""}},
        {"where": {"tag": "spring", "domain": ""}},
        {"action": "move"},
        {"only": "old"},
        {"empty": ""},
        {"on_existing": "x"},
    ],
)
def test_what_is_unknown_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        bodies.load_options(options)


def test_a_body_without_links_and_where_does_not_mean_all_links() -> None:
    with pytest.raises(Invalid):
        json_bodies.parse(b'{"action": "delete"}')
