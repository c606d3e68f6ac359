"""Who may do what."""

from collections.abc import Iterator

import httpx
import pytest

from tests.system import System
from tests.web.commands import client, new_key

CALLS = (
    ("GET", "/api/jobs"),
    ("GET", "/api/jobs?limit=wrong"),
    ("GET", "/api/jobs/1"),
    ("GET", "/api/jobs/1/items?status=wrong"),
    ("GET", "/api/jobs/1/results.csv"),
    ("GET", "/api/jobs/1/results.ndjson"),
    ("POST", "/api/jobs"),
    ("POST", "/api/links"),
)


@pytest.fixture(scope="module")
def reader(system: System) -> Iterator[httpx.Client]:
    with client(system, new_key(system, "--scopes", "read")) as found:
        yield found


@pytest.fixture(scope="module")
def writer(system: System) -> Iterator[httpx.Client]:
    with client(system, new_key(system, "--scopes", "write")) as found:
        yield found


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic {}", "{}", "Bearer {}x", "Bearer \xff"])
def test_without_a_right_key_every_call_is_unauthorized(system: System, header: str | None) -> None:
    headers = {} if header is None else {b"Authorization": header.format(system.key["token"]).encode("latin-1")}
    for method, path in CALLS:
        answer = httpx.request(method, system.url + path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED"), path
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_scheme_is_known_in_any_case(system: System) -> None:
    answer = httpx.get(f"{system.url}/api/jobs", headers={"Authorization": f"bearer  {system.key['token']}"})
    assert answer.status_code == 200


def test_a_key_that_may_only_read_makes_nothing(reader: httpx.Client) -> None:
    assert reader.get("/api/jobs").status_code == 200
    for path in ("/api/jobs", "/api/links"):
        answer = reader.post(path, json={"url": "https://a.b", "count": 1})
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def test_a_key_that_may_only_write_sees_nothing(writer: httpx.Client) -> None:
    job = writer.post("/api/jobs", json={"url": "https://a.b", "count": 1})
    assert job.status_code == 202
    assert writer.get(job.headers["Location"]).status_code == 403


def test_a_key_shows_what_another_of_its_workspace_made(
    system: System, reader: httpx.Client, writer: httpx.Client
) -> None:
    made = writer.post("/api/jobs", json={"url": "https://a.b", "count": 1}).headers["Location"]
    assert reader.get(made).json()["id"] == system.client.get(made).json()["id"]


@pytest.mark.parametrize("path", ["/api/jobs", "/api/me", "/api/links", "/api/keys", "/api/jobs/1", "/api/nothing"])
def test_no_cache_may_keep_an_answer_of_the_api(system: System, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = system.client.get(path, headers=headers)
        assert answer.headers["Cache-Control"] == "no-store"


def test_neither_may_a_cache_keep_an_answer_in_a_vendors_shape(system: System) -> None:
    answer = system.post([{"url": "https://a.example"}], "/links/bulk")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_a_client_may_still_ask_whether_its_job_has_changed(system: System) -> None:
    job = system.wait_for_job(system.post({"links": [{"url": "https://a.example"}]}))
    first = system.client.get(f"/api/jobs/{job['id']}")
    second = system.client.get(f"/api/jobs/{job['id']}", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.headers["Cache-Control"]) == (304, "no-store")
