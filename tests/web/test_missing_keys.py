"""Calls of the API without a key are refused before Flask sees them."""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from models.accounts.keys import Owner
from tests.shared_app import shared_app
from web import missing_keys, sessions

REACHED = 299
UNKNOWN_TOKEN = f"Bearer lm_{'x' * 32}"


class Body:
    """A body that nobody may read."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("the body was read")


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response(f"{REACHED} Reached", [])
    return []


@pytest.fixture
def stranger(owner: Owner) -> Client:
    """Somebody without a key, and an application that is reached by whatever is not refused before."""
    return Client(missing_keys.MissingKeys(application, missing_keys.segments_of(shared_app())), use_cookies=False)


def call(stranger: Client, path: str = "/api/jobs", method: str = "POST", **headers: str) -> TestResponse:
    environ: dict[str, Any] = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    if method == "POST":
        environ |= {"wsgi.input": Body(), "CONTENT_LENGTH": "9"}
    return stranger.open(path, method=method, environ_overrides=environ)


@pytest.mark.parametrize("header", [{}, {"authorization": ""}, {"authorization": "Bearer none"}])
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/jobs"), ("GET", "/api/me"), ("GET", "/api/links/1")])
def test_a_call_without_a_key_is_refused_unread(
    stranger: Client, header: dict[str, str], method: str, path: str
) -> None:
    answer = call(stranger, path, method, **header)
    assert answer.json
    assert (answer.status_code, answer.json["code"]) == (401, "UNAUTHORIZED")
    assert (answer.headers["WWW-Authenticate"], answer.headers["Cache-Control"]) == ("Bearer", "no-store")
    assert answer.headers.get("Connection") == ("close" if method == "POST" else None)


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("/api/me", "GET", {"authorization": UNKNOWN_TOKEN}),
        ("/api/me", "GET", {"cookie": f"{sessions.COOKIE}=x"}),
        ("/api/me", "OPTIONS", {}),
        ("/api/bulk", "POST", {}),
        ("/api/v1/links/bulk", "POST", {}),
        ("/api/nothing", "GET", {}),
        ("/jobs", "GET", {}),
    ],
)
def test_what_may_have_a_key_and_what_needs_none_is_let_through(
    stranger: Client, path: str, method: str, headers: dict[str, str]
) -> None:
    assert call(stranger, path, method, **headers).status_code == REACHED


def test_the_refusal_is_that_of_a_key_which_is_not_valid(visitor: FlaskClient) -> None:
    without = visitor.get("/api/me")
    unknown = visitor.get("/api/me", headers={"Authorization": UNKNOWN_TOKEN})
    assert (without.status_code, without.json) == (unknown.status_code, unknown.json)
    ignored = {"X-Request-ID", "Date"}
    assert {name for name, _ in without.headers} - ignored == {name for name, _ in unknown.headers} - ignored
