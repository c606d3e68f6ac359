"""Request ids: a caller's own when it is safe to log, a new one otherwise."""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import setup_testing_defaults

import pytest

from web.request_id import HEADER, ID_DIGITS, RequestIds


def answer(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("204 NO CONTENT", [("X-Other", "1")])
    return []


def headers_for(request_id: str | None) -> dict[str, str]:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    if request_id is not None:
        environ["HTTP_X_REQUEST_ID"] = request_id
    headers: dict[str, str] = {}

    def start_response(_status: str, response_headers: list[tuple[str, str]], *_more: Any) -> Any:
        headers.update(response_headers)

    RequestIds(answer)(environ, start_response)
    return headers


def test_a_callers_id_is_kept_and_other_headers_stay() -> None:
    assert headers_for("abc-123") == {"X-Other": "1", HEADER: "abc-123"}


@pytest.mark.parametrize("request_id", [None, "", "two words", "line\nbreak", "x" * 129, "ümlaut"])
def test_an_id_that_is_not_safe_to_log_is_replaced(request_id: str | None) -> None:
    made = headers_for(request_id)[HEADER]
    assert made != request_id
    assert len(bytes.fromhex(made)) == ID_DIGITS / 2


def test_each_request_has_an_id_of_its_own() -> None:
    assert headers_for(None)[HEADER] != headers_for(None)[HEADER]
