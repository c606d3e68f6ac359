"""Calls of the API without a key are refused before Flask sees them."""

from collections.abc import Iterable
from typing import Any
from unittest.mock import create_autospec
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import Client, TestResponse

from models.accounts.keys import Owner
from producer.resources import authentication
from tests.shared_app import shared_app
from web import missing_keys, sessions

REACHED = 299
UNKNOWN = {"authorization": f"Bearer lm_{'x' * 32}"}


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


@pytest.mark.parametrize("header", [{}, {"authorization": ""}, {"authorization": "Bearer none"}, UNKNOWN])
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


def test_a_valid_key_is_let_through_and_looked_up_once(
    api_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = create_autospec(authentication.find_token_owner, side_effect=authentication.find_token_owner)
    monkeypatch.setattr(authentication, "find_token_owner", look_up)
    assert api_client.get("/api/me").status_code == 200
    assert look_up.call_count == 1


def test_a_valid_key_without_a_scheme_is_let_through(api_client: FlaskClient) -> None:
    key = api_client.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    assert isinstance(api_client.get("/api/domains", headers={"Authorization": key}).get_json(), list)
    assert api_client.get("/api/me", headers={"Authorization": key}).status_code == 401


def test_while_the_database_is_away_nobody_is_refused(stranger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    away = create_autospec(authentication.find_token_owner, side_effect=OperationalError("SELECT", None, OSError()))
    monkeypatch.setattr(authentication, "find_token_owner", away)
    assert call(stranger, "/api/me", "GET", **UNKNOWN).status_code == REACHED


def test_vendors_routes_refuse_in_their_own_words(visitor: FlaskClient) -> None:
    assert visitor.post("/api/bulk").status_code == 401
    assert visitor.get("/api/me").get_json()["code"] == "UNAUTHORIZED"
