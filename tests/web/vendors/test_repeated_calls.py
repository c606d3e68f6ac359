"""`Idempotency-Key` on vendors' calls: the answer is repeated, and refusals have the shape of the vendor."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from flask.testing import FlaskClient

from tests.system import System
from tests.waiting import wait_until
from tests.work import work_off

REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True, slots=True)
class Caller:
    """How a vendor's client calls, and where its answers have the error code."""

    path: str
    status: int
    body: Callable[[System, str], Any]
    error_code: Callable[[Any], Any]

    def send(self, system: System, key: str, content: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
        own = {"apikey": system.key["token"], "Content-Type": "application/json", "Idempotency-Key": key}
        return system.post(content, self.path, headers=own | headers)

    def content(self, system: System, name: str) -> bytes:
        return json.dumps(self.body(system, name)).encode()


def url(name: str) -> str:
    return f"https://{name}.example/{uuid4()}"


AWSYS = Caller(
    "/api/bulk",
    200,
    lambda _, name: {"links": [{"long": base64.b64encode(url(name).encode()).decode()}, {"long": "!"}]},
    lambda answer: answer["error"],
)
REBRANDLY = Caller(
    "/v1/links/bulk",
    200,
    lambda system, name: {"destination": url(name), "domainId": system.key["domain_id"], "count": 3, "ttl": 9999},
    lambda answer: answer["errors"][0]["code"],
)
SNIPURL = Caller(
    "/api/v1/links/bulk",
    201,
    lambda _, name: {"links": [{"url": url(name), "title": "a"}]},
    lambda answer: answer["error"]["code"],
)
CALLERS = (AWSYS, REBRANDLY, SNIPURL)
every_vendor = pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.path)


@pytest.fixture
def key() -> str:
    return uuid4().hex


@every_vendor
def test_a_repeated_request_has_the_same_answer(system: System, key: str, caller: Caller) -> None:
    content = caller.content(system, "a")
    first, second = caller.send(system, key, content), caller.send(system, key, reorder(content))
    assert (first.status_code, second.status_code) == (caller.status, caller.status)
    assert first.json() == second.json()
    assert (first.headers.get(REPLAYED), second.headers[REPLAYED]) == (None, "true")
    job = caller.send(system, key, content, Prefer="respond-async")
    assert (job.status_code, job.headers[REPLAYED]) == (202, "true")


@every_vendor
def test_another_body_under_the_same_key_is_refused(system: System, key: str, caller: Caller) -> None:
    caller.send(system, key, caller.content(system, "a")).raise_for_status()
    refused = caller.send(system, key, caller.content(system, "b"))
    assert (refused.status_code, refused.headers.get(REPLAYED)) == (422, None)
    assert caller.error_code(refused.json())


@every_vendor
def test_a_repetition_during_the_first_request_is_a_conflict(system: System, key: str, caller: Caller) -> None:
    content = caller.content(system, "a")
    proceed = threading.Event()

    def halves() -> Iterator[bytes]:
        yield content[:10]
        proceed.wait(60)
        yield content[10:]

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(caller.send, system, key, halves())
        wait_until(lambda: is_first_running(system, key), what="the first request to claim the key")
        early = caller.send(system, key, content)
        proceed.set()
    assert (early.status_code, int(early.headers["Retry-After"]) >= 1) == (409, True)
    assert caller.error_code(early.json())
    assert caller.send(system, key, content).json() == first.result().json()


def test_a_failed_request_may_be_corrected_under_the_same_key(system: System, key: str) -> None:
    taken_slug = system.post({"url": "https://a.b"}, "/api/links").json()["slug"]
    body = REBRANDLY.body(system, "a") | {"count": 1}
    for wrong in ({"ttl": 1}, {"slashtag": taken_slug}, {"slashtag": taken_slug}):
        refused = REBRANDLY.send(system, key, json.dumps(body | wrong).encode())
        assert (refused.status_code, refused.headers.get(REPLAYED)) == (403, None)
    corrected = REBRANDLY.send(system, key, json.dumps(body).encode())
    assert (corrected.status_code, corrected.headers.get(REPLAYED)) == (200, None)


def test_after_a_timeout_the_key_returns_its_job(impatient_client: FlaskClient, key: str) -> None:
    body = {"links": [{"long": base64.b64encode(url("a").encode()).decode()}] * 500}
    headers = {"Idempotency-Key": key}
    first = impatient_client.post(AWSYS.path, json=body, headers=headers)
    assert (first.status_code, first.headers.get(REPLAYED)) == (504, None)
    work_off()
    for _ in range(2):
        again = impatient_client.post(AWSYS.path, json=body, headers=headers)
        assert (again.status_code, again.get_json()["created"], again.headers[REPLAYED]) == (200, 500, "true")
    assert len(impatient_client.get("/api/jobs").get_json()["items"]) == 1


def reorder(content: bytes) -> bytes:
    """Write the same JSON with its members in another order, and with whitespace."""
    return json.dumps(dict(reversed(json.loads(content).items())), indent=1).encode()


def is_first_running(system: System, key: str) -> bool:
    count: int = system.sql(f"SELECT count(*) FROM idempotency_keys WHERE key = '{key}' AND job_id IS NULL")[0][0]
    return count > 0
