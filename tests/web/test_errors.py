"""Errors as problem+json, whoever made them."""

import httpx
import pytest
from sqlalchemy.exc import DataError, InterfaceError, OperationalError

from models import errors
from models.errors import LinkmillError
from tests.system import System
from web import create_app
from web.errors import STATUS, answer_error, pointers

KEY = "Bearer %(token)s"


@pytest.mark.parametrize("path", ["/api/nothing", "/api/jobs/", "/api/jobs/1/nothing", "/api", "/a/b/c", "/api//jobs"])
def test_an_unknown_path_is_a_problem(system: System, path: str) -> None:
    answer = system.client.get(path)
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (problem["status"], problem["code"], problem["title"]) == (404, "NOT_FOUND", "Not Found")
    assert {"type", "title", "status", "detail", "code"} <= set(problem)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/jobs", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("PUT", "/api/links", {"OPTIONS", "POST"}),
        ("POST", "/api/jobs/1/items", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/healthz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(system: System, method: str, path: str, allowed: set[str]) -> None:
    answer = system.client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert allowed <= {name.strip() for name in answer.headers["Allow"].split(",")}


def test_every_error_of_ours_that_a_request_can_meet_has_its_status() -> None:
    inside = {errors.SettingsError, errors.LostLease, errors.DuplicateKey, errors.Unreachable}

    def leaves(kind: type[LinkmillError]) -> list[type[LinkmillError]]:
        return [leaf for child in kind.__subclasses__() for leaf in (child, *leaves(child))]

    for kind in set(leaves(LinkmillError)) - inside:
        assert any(parent in STATUS for parent in kind.__mro__), kind
    codes = [kind.code for kind in leaves(LinkmillError)]
    assert len(set(codes)) == len(codes)


def test_a_subclass_answers_as_its_parent_does() -> None:
    assert answer_error(errors.BrokenGzip("x")).status_code == 400
    assert answer_error(errors.EmptyUpload("x")).status_code == 422
    assert answer_error(errors.LostLease("x")).status_code == 500


def test_only_a_store_that_is_away_asks_to_try_again() -> None:
    app = create_app()
    for error, status in (
        (OperationalError("SELECT", None, Exception("gone")), 503),
        (InterfaceError("SELECT", None, Exception("gone")), 503),
        (DataError("SELECT", None, Exception("our fault")), 500),
        (ValueError("secret"), 500),
    ):
        with app.test_request_context():
            answer = app.make_response(app.handle_user_exception(error))
        assert answer.status_code == status
        assert ("Retry-After" in answer.headers) == (status == 503)
        assert "secret" not in answer.get_data(as_text=True)


def test_a_connection_is_given_up_when_its_body_was_refused(system: System) -> None:
    body = b"url\n" + b"https://example.com/\n" * 20_000
    for kind, status in (("text/plain", 415), ("text/csv", 401)):
        for content in (body, iter([body, body])):
            with httpx.Client(base_url=system.url) as client:
                headers = {"Content-Type": kind} | ({"Authorization": KEY % system.key} if status == 415 else {})
                answer = client.post("/api/jobs", content=content, headers=headers)
                assert (answer.status_code, answer.headers["Connection"]) == (status, "close")
                assert client.get("/healthz").status_code == 200


def test_nested_messages_become_pointers() -> None:
    messages = {"domain": ["bad"], "mapping": {"url": {"value": ["worse"]}}, "_schema": ["worst"]}
    found = pointers(messages | {"where": [{"search": ["empty"]}]})
    assert [(field["pointer"], field["message"]) for field in found] == [
        ("/domain", "bad"), ("/mapping/url", "worse"), ("/_schema", "worst"), ("/where/search", "empty"),
    ]  # fmt: skip


def test_odd_requests_get_an_answer_and_no_internal_error(system: System) -> None:
    for path in ("/%", "/%2e%2e/etc", "/api/jobs?limit=%00", "/api/jobs/%F0%28/items", "/api/jobs/1/items?status=%00"):
        assert 400 <= system.client.get(path).status_code < 500, path
    assert httpx.get(system.url, headers={"Host": "a b"}).status_code < 500
