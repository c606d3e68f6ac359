"""Following a job: by events while they come, by asking when streams break, until the job has ended."""

import io
import json
from typing import Any

import httpx
import pytest
from rich.console import Console

from linkmill import calls, watch
from linkmill.errors import RequestRefused
from linkmill.show import Screen
from tests.linkmill.new_jobs import new_job

RUNNING = new_job({"processed": 1, "total": 2}, status="running")
ENDED = new_job({"processed": 2, "total": 2, "created": 2}, status="completed")

Answer = httpx.Response | httpx.HTTPError


class Server:
    """Answers requests for events and for the job from two lists, and keeps what was asked."""

    def __init__(self, events: list[Answer], jobs: list[Answer]) -> None:
        self.events = events
        self.jobs = jobs
        self.requests: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request.url.raw_path.decode())
        answers = self.events if request.url.path.endswith("/events") else self.jobs
        answer = answers.pop(0)
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return answer


def stream(*jobs: dict[str, Any]) -> httpx.Response:
    lines = [f"event: job\ndata: {json.dumps(job)}\n\n" for job in jobs]
    return httpx.Response(200, text=": hello\n\n" + "".join(lines))


def follow(server: Server) -> tuple[dict[str, Any], str]:
    """Follow a job; return it, and what the screen shows."""
    text = io.StringIO()
    screen = Screen(Console(file=text, width=200, markup=False), bars=False, quiet=False)
    with httpx.Client(base_url="http://a.b", transport=httpx.MockTransport(server)) as client:
        job = watch.follow(client, "7", screen)
    return job, text.getvalue()


def test_events_are_followed_to_the_end_without_another_request() -> None:
    server = Server([stream(RUNNING, ENDED)], [])
    job, text = follow(server)
    assert job == ENDED
    assert server.requests == ["/api/jobs/7/events"]
    assert text == "job 7 running: 1 of 2 rows\njob 7 completed: 2 created\n"


def test_a_stream_that_stops_before_the_end_is_opened_again() -> None:
    server = Server([stream(RUNNING), stream(ENDED)], [httpx.Response(200, json=RUNNING)])
    assert follow(server)[0] == ENDED
    assert server.requests == ["/api/jobs/7/events", "/api/jobs/7?wait=0", "/api/jobs/7/events"]


def test_a_job_that_ended_between_two_streams_is_read() -> None:
    server = Server([stream(RUNNING)], [httpx.Response(200, json=ENDED)])
    assert follow(server)[0] == ENDED


def test_after_three_broken_streams_the_job_is_asked_for() -> None:
    answers: list[Answer] = [httpx.Response(200, json=job) for job in (RUNNING, RUNNING, RUNNING, ENDED)]
    server = Server([httpx.ReadTimeout("")] * 3, answers)
    assert follow(server)[0] == ENDED
    assert server.requests[-3:] == ["/api/jobs/7/events", "/api/jobs/7?wait=20", "/api/jobs/7?wait=20"]
    assert server.requests.count("/api/jobs/7/events") == 3


def test_streams_that_end_without_an_event_count_as_broken() -> None:
    answers: list[Answer] = [httpx.Response(200, json=job) for job in (RUNNING, RUNNING, RUNNING, ENDED)]
    server = Server([stream(), stream(), stream()], answers)
    assert follow(server)[0] == ENDED
    assert server.requests.count("/api/jobs/7/events") == 3


def test_an_event_shows_that_streams_work_again() -> None:
    broken: list[Answer] = [httpx.ReadTimeout("")] * 2
    answers: list[Answer] = [httpx.Response(200, json=RUNNING) for _ in range(5)]
    server = Server([*broken, stream(RUNNING), *broken, stream(ENDED)], answers)
    assert follow(server)[0] == ENDED
    assert len(server.requests) == 11


def test_a_server_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "RETRY_PAUSES", (0,))
    server = Server([httpx.ConnectError("")], [httpx.Response(503), httpx.Response(200, json=ENDED)])
    job, text = follow(server)
    assert job == ENDED
    assert "trying again in 0 s" in text


def test_a_job_that_does_not_exist_ends_the_command() -> None:
    with pytest.raises(RequestRefused):
        follow(Server([httpx.Response(404)], []))
