"""Calls to the server: which answers end a command, which are tried again, and for how long."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from linkmill import calls
from linkmill.errors import ConnectionBroken, LinkmillError, RequestRefused, ServerAway

SERVER = "https://links.example.com"


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(calls, "time", clock)
    return clock


def send(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    with httpx.Client(base_url=SERVER, transport=httpx.MockTransport(answer)) as client:
        return calls.send(client, "GET", "/api/jobs/1")


def refusal(status: int, problem: Any = None, **headers: str) -> LinkmillError:
    with pytest.raises(LinkmillError) as error:
        send(lambda _: httpx.Response(status, json=problem, headers=headers))
    return error.value


def failure(error: httpx.HTTPError) -> LinkmillError:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(LinkmillError) as caught:
        send(answer)
    return caught.value


def fail(*errors: ServerAway) -> Callable[[], str]:
    """Return a call that fails with these errors before it succeeds."""
    remaining = list(errors)

    def attempt() -> str:
        if remaining:
            raise remaining.pop(0)
        return "answer"

    return attempt


@pytest.mark.parametrize("status", [200, 202, 304])
def test_a_success_is_an_answer_and_so_is_an_unchanged_job(status: int) -> None:
    assert send(lambda _: httpx.Response(status)).status_code == status


@pytest.mark.parametrize(("status", "is_away"), [(502, True), (503, True), (504, True), (500, False), (404, False)])
def test_only_a_temporary_error_means_that_the_server_is_away(status: int, is_away: bool) -> None:
    assert isinstance(refusal(status), ServerAway if is_away else RequestRefused)


def test_a_request_whose_first_copy_is_still_received_is_sent_again() -> None:
    assert isinstance(refusal(409, {"code": "IDEMPOTENCY_IN_PROGRESS"}), ServerAway)
    assert isinstance(refusal(409, {"code": "CONFLICT"}), RequestRefused)


def test_a_limit_is_waited_for_up_to_a_minute() -> None:
    error = refusal(429, **{"Retry-After": "60"})
    assert isinstance(error, ServerAway)
    assert error.seconds == 60
    assert isinstance(refusal(429, **{"Retry-After": "61"}), RequestRefused)


def test_a_pause_that_is_a_date_is_no_pause() -> None:
    error = refusal(503, **{"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})
    assert isinstance(error, ServerAway)
    assert error.seconds == 0


def test_a_problem_is_one_line_with_its_fields() -> None:
    problem = {"detail": "Wrong.", "code": "INVALID", "errors": [{"pointer": "/url", "message": "No."}]}
    assert refusal(422, problem).message == "Wrong. (422 INVALID); /url: No."


def test_a_refusal_says_what_the_user_can_do() -> None:
    assert refusal(401, {"detail": "x"}).message == "links.example.com does not know this key (401)"
    assert refusal(301, Location="https://b.example/").message.endswith(
        "b.example/: pass the right address as --server"
    )
    assert refusal(404, ["x"]).message == "links.example.com answers 404 Not Found: is it a Linkmill server?"


def test_an_answer_that_is_not_json_is_not_of_this_server() -> None:
    response = send(lambda _: httpx.Response(200, text="<html>"))
    with pytest.raises(LinkmillError, match=r"^https://links\.example\.com/ is not a Linkmill server"):
        calls.parse_json(response)


def test_a_connection_that_breaks_differs_from_a_server_that_does_not_answer() -> None:
    assert isinstance(failure(httpx.ReadError("")), ConnectionBroken)
    error = failure(httpx.ConnectError("[Errno 111] Connection refused"))
    assert isinstance(error, ServerAway)
    assert not isinstance(error, ConnectionBroken)
    assert error.message == f"{SERVER} does not answer: Connection refused"
    assert failure(httpx.ReadTimeout("")).message == f"{SERVER} does not answer: ReadTimeout"


def test_an_id_cannot_lead_to_another_path() -> None:
    assert calls.job_path("1/../2?a", "events") == "/api/jobs/1%2F..%2F2%3Fa/events"


def test_a_server_that_is_away_is_asked_again_after_growing_pauses(clock: Clock) -> None:
    lines: list[str] = []
    assert calls.retry_while_away(fail(*[ServerAway("away")] * 6), lines.append) == "answer"
    assert clock.pauses == [0.5, 1, 2, 3, 5, 5]
    assert lines[0] == "away; trying again in 0.5 s"


def test_a_longer_pause_that_the_server_asks_for_is_kept(clock: Clock) -> None:
    calls.retry_while_away(fail(ServerAway("away", 30), ServerAway("away")), print)
    assert clock.pauses == [30, 1]


def test_a_server_that_stays_away_ends_the_command_after_ten_minutes(clock: Clock) -> None:
    with pytest.raises(ServerAway):
        calls.retry_while_away(fail(*[ServerAway("away")] * 1000), lambda line: None)
    assert 590 < clock.now <= 600


def test_the_fourth_broken_connection_ends_the_command(clock: Clock) -> None:
    broken = ConnectionBroken("broken")
    assert calls.retry_while_away(fail(broken, broken, ServerAway("away"), broken), lambda line: None) == "answer"
    with pytest.raises(ConnectionBroken):
        calls.retry_while_away(fail(broken, broken, broken, broken), lambda line: None)
