"""What all vendors' calls have in common, tested on AWSYS's."""

import base64
from typing import Any

from tests.system import System, job_if_ended
from tests.waiting import wait_until
from tests.web.commands import client, new_key


def links(count: int, name: str = "a") -> dict[str, Any]:
    urls = [f"https://{name}.example/{number}" for number in range(count)]
    return {"links": [{"long": base64.b64encode(url.encode()).decode()} for url in urls]}


def slow_links(count: int, name: str = "a") -> dict[str, Any]:
    """Links with a password each: hashing them takes a while."""
    body = links(count, name)
    for number, link in enumerate(body["links"]):
        link["password"] = f"{name}-{number}"
    return body


def test_prefer_respond_async_returns_the_job(system: System) -> None:
    answer = system.post(links(3), "/api/bulk", headers={"Prefer": "wait=5, respond-async"})
    assert (answer.status_code, answer.headers["Location"]) == (202, answer.json()["links"]["self"])
    job = system.wait_for_job(answer)
    assert (job["source"], job["counts"]["total"], job["outcome"]) == ("awsys", 3, "succeeded")


def test_after_a_timeout_the_same_request_joins_the_job(impatient_system: System) -> None:
    ((jobs,),) = impatient_system.sql("SELECT count(*) FROM jobs")
    first = impatient_system.post(slow_links(100), "/api/bulk")
    assert (first.status_code, first.json()["error"]) == (504, "STILL_RUNNING")
    assert first.headers["Location"] in first.json()["message"]
    other = impatient_system.post(slow_links(100, "other"), "/api/bulk")
    assert other.headers["Location"] != first.headers["Location"]
    wait_until(lambda: job_if_ended(impatient_system.client.get(first.headers["Location"]).json()))
    second = impatient_system.post(slow_links(100), "/api/bulk")
    assert (second.status_code, second.json()["created"]) == (200, 100)
    assert impatient_system.sql("SELECT count(*) FROM jobs") == [(jobs + 2,)]
    third = impatient_system.post(slow_links(100), "/api/bulk")
    assert (third.status_code, third.headers["Location"] != first.headers["Location"]) == (504, True)


def test_a_read_only_key_creates_nothing(system: System) -> None:
    with client(system, new_key(system, "--scopes", "read")) as reader:
        answer = reader.post("/api/bulk", json=links(1))
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def test_a_body_need_not_declare_that_it_is_json(system: System) -> None:
    answer = system.post(
        b'{"links": [{"long": "aHR0cHM6Ly9hLmI"}]}', "/api/bulk", headers={"Content-Type": "text/plain"}
    )
    assert answer.json()["created"] == 1


def test_a_deeply_nested_body_is_a_400(system: System) -> None:
    assert system.post(b"[" * 100_000, "/api/bulk").status_code == 400
