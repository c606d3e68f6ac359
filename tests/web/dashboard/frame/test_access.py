"""Access to pages: requests that are led to the sign-in page, changes that are refused, and headers for browsers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, Response, g, session

from models.accounts.keys import Owner
from models.errors import Forbidden, Unauthorized
from producer.resources.keys import create_key
from tests.shared_app import shared_app
from web import sessions
from web.dashboard.frame import access
from web.dashboard.frame.access import StalePage

pytestmark = pytest.mark.parametrize("owner", ["sqlite"], indirect=True)

TOKEN = {sessions.TOKEN_FIELD: "t"}


@pytest.fixture
def app(owner: Owner) -> Flask:
    return shared_app()


@contextmanager
def signed_in(app: Flask, owner: Owner, path: str, **request: Any) -> Iterator[None]:
    """A request with a session whose CSRF token is `t`."""
    with app.test_request_context(path, **request):
        sessions.start(owner, "default")
        session["token"] = "t"
        del g.owner
        yield


def test_a_page_without_a_session_leads_to_the_sign_in_page_and_back(app: Flask) -> None:
    with app.test_request_context("/app/jobs?status=failed"):
        response = access.check()
    assert response is not None
    assert (response.status_code, response.location) == (303, "/app/sign-in?to=/app/jobs?status%3Dfailed")


def test_a_form_without_a_session_leads_to_the_sign_in_page_and_not_back(app: Flask) -> None:
    with app.test_request_context("/app/links", method="POST"):
        response = access.check()
    assert response is not None
    assert response.location == "/app/sign-in"


def test_a_script_without_a_session_receives_an_error_that_it_can_show(app: Flask) -> None:
    headers = {sessions.TOKEN_HEADER: "t"}
    with app.test_request_context("/app/upload/preview", method="POST", headers=headers), pytest.raises(Unauthorized):
        access.check()


@pytest.mark.parametrize("path", ["/app/sign-in", "/app/static/1/app.css"])
def test_the_sign_in_page_and_its_assets_are_public(app: Flask, path: str) -> None:
    with app.test_request_context(path):
        assert access.check() is None


def test_signing_in_needs_the_token_of_its_form(app: Flask) -> None:
    with app.test_request_context("/app/sign-in", method="POST", data=TOKEN):
        with pytest.raises(StalePage):
            access.check()
        session["token"] = "t"
        assert access.check() is None


def test_a_page_with_a_session_has_an_owner_and_keeps_the_session_alive(app: Flask, owner: Owner) -> None:
    with signed_in(app, owner, "/app/jobs"):
        session["at"] = 0
        assert access.check() is None
        assert g.owner.key_id == owner.key_id
        assert session["at"] > 0


def test_a_change_needs_the_token_of_its_page(app: Flask, owner: Owner) -> None:
    with signed_in(app, owner, "/app/links", method="POST", data=TOKEN):
        assert access.check() is None
    with signed_in(app, owner, "/app/links", method="POST"), pytest.raises(StalePage):
        access.check()


def test_the_token_of_an_upload_is_left_to_its_view_but_not_its_session(app: Flask, owner: Owner) -> None:
    with signed_in(app, owner, "/app/upload", method="POST"):
        assert access.check() is None
    with app.test_request_context("/app/upload", method="POST"):
        assert access.check() is not None


def test_a_key_that_may_only_read_may_look_and_sign_out(app: Flask, owner: Owner) -> None:
    reader = new_reader(owner)
    for path, method in (("/app/links", "GET"), ("/app/sign-out", "POST")):
        with signed_in(app, reader, path, method=method, data=TOKEN):
            assert access.check() is None
    for path in ("/app/links", "/app/upload"):
        with signed_in(app, reader, path, method="POST", data=TOKEN), pytest.raises(Forbidden):
            access.check()


def test_a_page_is_not_cached_unless_it_says_so(app: Flask) -> None:
    assert access.add_headers(Response()).headers["Cache-Control"] == "no-store"
    asset = Response(headers={"Cache-Control": "max-age=60"})
    assert access.add_headers(asset).headers["Cache-Control"] == "max-age=60"


def test_a_page_runs_no_script_of_others_and_is_in_no_frame(app: Flask) -> None:
    response = access.add_headers(Response(headers={"Content-Security-Policy": "default-src *"}))
    policies = response.headers.getlist("Content-Security-Policy")
    assert len(policies) == 1
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policies[0].split("; "))
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def new_reader(owner: Owner) -> Owner:
    key = create_key(owner, "reader", ["read"])
    return replace(owner, key_id=int(key["id"]))
