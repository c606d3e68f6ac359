"""Sessions of the dashboard: whose they are, and the CSRF token of a change."""

import pytest
from flask import Flask, session

from models.accounts import ended_sessions
from models.accounts.keys import Owner
from models.errors import Forbidden
from producer.resources import keys
from tests.shared_app import shared_app
from web import sessions


@pytest.fixture
def app(owner: Owner) -> Flask:
    """An application on a new database."""
    return shared_app()


def test_a_session_belongs_to_its_key_until_the_key_is_revoked(app: Flask, owner: Owner) -> None:
    with app.test_request_context("/app"):
        sessions.start(owner, "default")
        found = sessions.find_owner()
        assert found is not None
        assert found.key_id == owner.key_id
        keys.revoke_key(owner, str(owner.key_id))
        assert sessions.find_owner() is None


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(app: Flask, owner: Owner) -> None:
    with app.test_request_context("/app"):
        sessions.start(owner, "default")
        cookie = dict(session)
        sessions.start(owner, "default")
        other = dict(session)
        session.update(cookie)
        sessions.end()
        session.update(cookie)
        assert sessions.find_owner() is None
        session.update(other)
        assert sessions.find_owner() is not None, "another session of the same key goes on"


def test_a_cookie_of_an_earlier_version_has_no_session(app: Flask, owner: Owner) -> None:
    with app.test_request_context("/app"):
        sessions.start(owner, "default")
        del session["id"]
        assert sessions.find_owner() is None


def test_ended_sessions_are_remembered_as_long_as_a_cookie_is_valid() -> None:
    assert ended_sessions.KEPT > sessions.IDLE_LIFETIME


def test_without_a_session_there_is_no_owner(app: Flask) -> None:
    with app.test_request_context("/app"):
        assert sessions.find_owner() is None


def test_signing_in_replaces_the_session_and_its_token(app: Flask, owner: Owner) -> None:
    with app.test_request_context("/app"):
        before = sessions.csrf_token()
        session["left"] = "over"
        sessions.start(owner, "default")
        assert "left" not in session
        assert not sessions.is_csrf_token(before)
        assert sessions.is_csrf_token(sessions.csrf_token())


def test_no_token_fits_a_session_that_has_none(app: Flask) -> None:
    with app.test_request_context("/app"):
        assert not sessions.is_csrf_token("")
        sessions.csrf_token()
        assert not sessions.is_csrf_token("")
        assert not sessions.is_csrf_token("\udc80")


def test_a_session_in_use_is_renewed_but_not_with_every_response(app: Flask, owner: Owner) -> None:
    with app.test_request_context("/app"):
        sessions.start(owner, "default")
        started = session["at"]
        sessions.renew()
        assert session["at"] == started
        session["at"] = started - sessions.RENEWAL_SECONDS - 1
        sessions.renew()
        assert session["at"] >= started


def test_a_page_may_read_without_its_token_and_change_only_with_it(app: Flask, owner: Owner) -> None:
    with app.test_request_context("/api/jobs", method="GET"):
        sessions.start(owner, "default")
        assert sessions.authenticate_page() is not None
    with app.test_request_context("/api/jobs", method="POST"):
        sessions.start(owner, "default")
        with pytest.raises(Forbidden, match="X-CSRF-Token"):
            sessions.authenticate_page()


def test_a_token_is_taken_from_the_header_or_the_form_but_never_from_a_form_with_a_file(app: Flask) -> None:
    with app.test_request_context("/app", method="POST", data={sessions.TOKEN_FIELD: "t"}):
        session["token"] = "t"
        assert sessions.request_has_csrf_token()
    with app.test_request_context("/app", method="POST", headers={sessions.TOKEN_HEADER: "t"}):
        session["token"] = "t"
        assert sessions.request_has_csrf_token()
    body = {sessions.TOKEN_FIELD: "t"}
    with app.test_request_context("/app", method="POST", data=body, content_type=sessions.FORM_WITH_FILES):
        session["token"] = "t"
        assert not sessions.request_has_csrf_token()
