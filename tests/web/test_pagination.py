"""Cursors of queries, and pages as responses."""

from flask import Flask

from producer.resources.pages import Page
from web import pagination


def test_a_page_becomes_the_answer_of_every_list() -> None:
    with Flask(__name__).test_request_context():
        response = pagination.respond(Page([{"id": "1"}], "1"))
    assert response.get_json() == {"items": [{"id": "1"}], "next_cursor": "1"}


def test_an_ascending_list_starts_before_its_first_row() -> None:
    assert pagination.read_after({}) == 0
    assert pagination.read_after({}, -1) == -1
    assert pagination.read_after({"cursor": "17"}, -1) == 17


def test_a_descending_list_starts_at_its_newest_row() -> None:
    assert pagination.read_before({}) is None
    assert pagination.read_before({"cursor": "17"}) == 17
