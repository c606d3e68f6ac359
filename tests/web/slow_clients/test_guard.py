"""Threads for redirects are kept free, and nobody takes the places of all others."""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Response, g, request
from werkzeug.test import Client, create_environ
from werkzeug.wsgi import ClosingIterator

from models.errors import Unavailable
from producer.signals import waiting
from producer.signals.places import Holder, Places
from tests import ROOT
from web.slow_clients import calls, guard, places
from web.slow_clients.calls import Call

MINE, THEIRS, OTHERS = 1, 2, 3
STRANGER = "192.0.2.1"


def take_all(slots: Places, holder: Holder) -> int:
    taken = 0
    while slots.take(holder):
        taken += 1
    return taken


def test_a_holder_leaves_places_for_others() -> None:
    slots = Places(total=5, each=2)
    assert take_all(slots, MINE) == 2
    assert take_all(slots, THEIRS) == 2
    assert take_all(slots, OTHERS) == 1
    slots.give_back(MINE)
    assert slots.take(THEIRS) is False
    assert slots.take(OTHERS)


def test_there_are_threads_for_redirects_when_every_place_is_taken() -> None:
    found = re.search(r"--blocking-threads (\d+)", (ROOT / "Procfile").read_text())
    assert found
    assert int(found[1]) - places.MOST_CALLS >= 64
    slow = places.uploads.total + places.answers.total
    assert places.MOST_CALLS - slow - waiting.MAX_STREAMS - waiting.MAX_WAITERS >= 48


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A server all of whose slots for calls are taken."""
    app = guard.Guard(answer, {"api", "healthz", "readyz"})
    taken = 0
    while places.call_slots.acquire(blocking=False):
        taken += 1
    yield Client(app)
    places.call_slots.release(taken)


def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


def answer_without_body(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b""]


@pytest.mark.parametrize("path", ["/slug", "/a/wide/slug", "/healthz", "/readyz"])
def test_redirects_and_health_checks_are_answered_when_nothing_else_is(busy: Client, path: str) -> None:
    assert busy.get(path).status_code == 200
    assert busy.head(path).status_code == 200


def test_other_calls_are_refused_at_once_when_too_many_are_under_way(busy: Client) -> None:
    for refused in (busy.get("/api/me"), busy.post("/slug", data="password=1")):
        assert refused.status_code == 503
        assert b"UNAVAILABLE" in refused.data
        assert (refused.headers["Retry-After"], refused.headers["Connection"]) == ("2", "close")


def test_a_slot_is_given_back_when_the_answer_is_closed() -> None:
    client = Client(guard.Guard(answer_without_body, {"api"}))
    for _ in range(places.MOST_CALLS + 1):
        client.get("/api/jobs").close()
    assert not calls.calls


def test_a_slot_is_given_back_when_the_server_drops_an_answer_that_it_cannot_send() -> None:
    app = guard.Guard(answer_without_body, {"api"})
    statuses: set[str] = set()

    def start_response(status: str, headers: Any, error: Any = None) -> Any:
        statuses.add(status)

    for _ in range(places.MOST_CALLS + 1):
        app(create_environ("/api/jobs"), start_response)
    assert statuses == {"200 OK"}
    assert not calls.calls


def test_a_slot_is_given_back_when_the_application_fails() -> None:
    def fail(_: Any, start_response: Any) -> Iterable[bytes]:
        raise RuntimeError

    app = guard.Guard(fail, {"api"})
    with pytest.raises(RuntimeError):
        app(create_environ("/api/jobs"), lambda status, headers, error=None: print)
    assert not calls.calls


def test_a_slot_is_given_back_when_closing_the_answer_fails() -> None:
    def fail() -> None:
        raise RuntimeError

    def answer_badly(_: Any, start_response: Any) -> Iterable[bytes]:
        return ClosingIterator([b""], fail)

    answer = guard.Guard(answer_badly, {"api"})(create_environ("/api/jobs"), lambda status, headers, error=None: print)
    assert len(calls.calls) == 1
    with pytest.raises(RuntimeError):
        answer.close()  # type: ignore[attr-defined]
    assert not calls.calls


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """A request of a stranger, and places that no other test takes."""
    for room in (places.uploads, places.answers):
        monkeypatch.setattr(room.strangers, "taken", Counter())
        monkeypatch.setattr(room.workspaces, "taken", Counter())
    app = Flask("test")
    with app.test_request_context(environ_base={"REMOTE_ADDR": STRANGER}), ExitStack() as resources:
        request.environ[guard.RESOURCES] = resources
        yield app


def test_a_body_holds_a_place_until_it_has_been_read(app: Flask) -> None:
    call = Call()
    body = guard.Body(io.BytesIO(b"12345"), 5, call)
    assert not places.uploads.strangers.taken
    body.read(3)
    assert (places.uploads.strangers.taken[STRANGER], call.complete_since) == (1, None)
    body.read(2)
    assert not places.uploads.strangers.taken
    assert call.complete_since


def test_a_body_without_a_length_ends_with_a_short_read(app: Flask) -> None:
    body = guard.Body(io.BytesIO(b"12345"), None, Call())
    body.read(5)
    assert places.uploads.strangers.taken[STRANGER] == 1
    assert body.read(5) == b""
    assert not places.uploads.strangers.taken


def test_a_body_that_has_been_read_needs_no_place_to_be_asked_for_more(app: Flask) -> None:
    body = guard.Body(io.BytesIO(b"12345"), 5, Call())
    assert body.read(5) == b"12345"
    take_all(places.uploads.strangers, STRANGER)
    assert body.read(5) == b""


def test_a_body_is_refused_when_its_address_sends_too_many(app: Flask) -> None:
    take_all(places.uploads.strangers, STRANGER)
    with pytest.raises(Unavailable):
        read_body()
    with app.test_request_context(environ_base={"REMOTE_ADDR": "192.0.2.2"}):
        assert read_body() == b"1"


def read_body() -> bytes:
    return guard.Body(io.BytesIO(b"1"), 1, Call()).read(1)


def test_a_key_has_places_that_strangers_cannot_take(app: Flask) -> None:
    for at in range(places.uploads.strangers.total):
        places.uploads.strangers.take(f"192.0.2.{at}")
        places.answers.strangers.take(f"192.0.2.{at}")
    with pytest.raises(Unavailable):
        read_body()
    g.owner = SimpleNamespace(workspace_id=MINE)
    assert read_body() == b"1"
    assert guard.limit_large_answers(Response(iter([b"1"]))).status_code == 200


def test_a_large_answer_begins_only_if_there_is_a_place(app: Flask) -> None:
    take_all(places.answers.strangers, STRANGER)
    refused = guard.limit_large_answers(Response(iter([b"1"])))
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert guard.limit_large_answers(Response(b"1")).status_code == 200
    assert guard.limit_large_answers(Response(iter([b"1"]), headers={"Content-Length": "1"})).status_code == 200
    events = guard.limit_large_answers(Response(iter([b"1"]), content_type="text/event-stream"))
    assert events.status_code == 200


def test_a_large_answer_gives_its_place_back(app: Flask) -> None:
    closed: list[bool] = []
    answer = Response(ClosingIterator([b"1", b"2"], lambda: closed.append(True)))
    response = guard.limit_large_answers(answer)
    assert places.answers.strangers.taken[STRANGER] == 1
    assert b"".join(response.response) == b"12"  # type: ignore[arg-type]
    response.close()
    request.environ[guard.RESOURCES].close()
    assert not places.answers.strangers.taken
    assert closed
