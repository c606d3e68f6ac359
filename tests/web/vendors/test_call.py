"""What all vendors' calls have in common, tested on AWSYS's."""

import base64
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.system import System
from tests.web.commands import client, new_key
from tests.work import work_off
from web.vendors import call

REQUESTS = [
    ("PATCH", "/links/bulk"),
    ("DELETE", "/links/bulk"),
    ("DELETE", "/links/bulk?linkIds=a"),
    ("DELETE", "/links/bulk?linkIds=a&linkIds=b"),
]


def links(count: int, name: str = "a") -> dict[str, Any]:
    urls = [f"https://{name}.example/{number}" for number in range(count)]
    return {"links": [{"long": base64.b64encode(url.encode()).decode()} for url in urls]}


def test_prefer_respond_async_returns_the_job(system: System) -> None:
    answer = system.post(links(3), "/api/bulk", headers={"Prefer": "wait=5, respond-async"})
    assert (answer.status_code, answer.headers["Location"]) == (202, answer.json()["links"]["self"])
    job = system.wait_for_job(answer)
    assert (job["source"], job["counts"]["total"], job["outcome"]) == ("awsys", 3, "succeeded")


def test_after_a_timeout_the_same_request_joins_the_job(impatient_client: FlaskClient) -> None:
    first = impatient_client.post("/api/bulk", json=links(100))
    assert (first.status_code, first.get_json()["error"]) == (504, "STILL_RUNNING")
    assert first.headers["Location"] in first.get_json()["message"]
    other = impatient_client.post("/api/bulk", json=links(100, "other"))
    assert other.headers["Location"] != first.headers["Location"]
    work_off()
    second = impatient_client.post("/api/bulk", json=links(100))
    assert (second.status_code, second.get_json()["created"]) == (200, 100)
    assert len(impatient_client.get("/api/jobs").get_json()["items"]) == 2
    third = impatient_client.post("/api/bulk", json=links(100))
    assert (third.status_code, third.headers["Location"] != first.headers["Location"]) == (504, True)


def test_requests_that_ask_for_different_things_have_different_fingerprints() -> None:
    fingerprints = set()
    for method, path in REQUESTS:
        with Flask(__name__).test_request_context(path, method=method):
            fingerprints.add(call._fingerprint({"linkIds": ["a"]}))
    assert len(fingerprints) == len(REQUESTS)


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
