"""Naughty texts in every field of an item: each row gets a result of its own, and none an internal error."""

from typing import Any

from producer.fields.item_fields import NAMES
from tests.system import System
from tests.web.dashboard.test_naughty import NAUGHTY

HASHED = 3  # passwords: a hash takes as long as all other rows together


def rows_of(field: str) -> list[dict[str, Any]]:
    texts = NAUGHTY[:HASHED] if field == "password" else NAUGHTY
    return [{"url": "https://a.example/"} | {field: text} for text in texts]


def test_a_naughty_text_is_a_value_or_an_error_of_its_row(system: System) -> None:
    rows = [row for field in NAMES for row in rows_of(field)]
    job = system.wait_for_job(system.post({"links": rows}))
    assert job["status"] == "completed"
    assert job["counts"]["processed"] == len(rows) > 2000
    assert "INTERNAL" not in job["errors"]


def test_a_naughty_text_alone_gets_an_answer_at_once(system: System) -> None:
    for field in ("slug", "title", "group", "external_id", "domain"):
        for text in NAUGHTY[::10]:
            answer = system.post({"url": "https://a.example/", field: text}, "/api/links")
            assert answer.status_code in (200, 201, 409, 422), (field, text)
