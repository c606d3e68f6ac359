"""The way that every vendor's call takes, seen on one of them."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.databases import STORES, new_database_url
from tests.fixtures.systems import StartSystem
from tests.system import System, job_if_ended
from tests.waiting import wait_until
from tests.web.commands import client, new_key


@pytest.fixture(params=STORES)
def hasty(start_system: StartSystem, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    """A system that waits for nothing."""
    with start_system(tmp_path, new_database_url(request.param, tmp_path, request), SYNC_WAIT_SECONDS="0") as started:
        yield started


def links(count: int, name: str = "a") -> dict[str, Any]:
    urls = [f"https://{name}.example/{number}" for number in range(count)]
    return {"links": [{"long": base64.b64encode(url.encode()).decode()} for url in urls]}


def slow_links(count: int, name: str = "a") -> dict[str, Any]:
    """A password each, which takes its time."""
    body = links(count, name)
    for number, link in enumerate(body["links"]):
        link["password"] = f"{name}-{number}"
    return body


def test_who_prefers_a_job_gets_one(system: System) -> None:
    answer = system.post(links(3), "/api/bulk", headers={"Prefer": "wait=5, respond-async"})
    assert (answer.status_code, answer.headers["Location"]) == (202, answer.json()["links"]["self"])
    job = system.wait_for_job(answer)
    assert (job["source"], job["counts"]["total"], job["outcome"]) == ("awsys", 3, "succeeded")


def test_after_a_wait_that_ran_out_the_same_body_joins_the_job(hasty: System) -> None:
    first = hasty.post(slow_links(100), "/api/bulk")
    assert (first.status_code, first.json()["error"]) == (504, "STILL_RUNNING")
    assert first.headers["Location"] in first.json()["message"]
    other = hasty.post(slow_links(100, "other"), "/api/bulk")
    assert other.headers["Location"] != first.headers["Location"]
    wait_until(lambda: job_if_ended(hasty.client.get(first.headers["Location"]).json()))
    second = hasty.post(slow_links(100), "/api/bulk")
    assert (second.status_code, second.json()["created"]) == (200, 100)
    assert hasty.sql("SELECT count(*) FROM jobs") == [(2,)]
    third = hasty.post(slow_links(100), "/api/bulk")
    assert (third.status_code, third.headers["Location"] != first.headers["Location"]) == (504, True)


def test_a_reading_key_makes_nothing(system: System) -> None:
    with client(system, new_key(system, "--scopes", "read")) as reader:
        answer = reader.post("/api/bulk", json=links(1))
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def test_a_body_may_be_compressed_and_need_not_say_that_it_is_json(system: System) -> None:
    answer = system.post(
        b'{"links": [{"long": "aHR0cHM6Ly9hLmI"}]}', "/api/bulk", headers={"Content-Type": "text/plain"}
    )
    assert answer.json()["created"] == 1


def test_too_deep_a_body_is_an_answer_and_no_crash(system: System) -> None:
    assert system.post(b"[" * 100_000, "/api/bulk").status_code == 400
