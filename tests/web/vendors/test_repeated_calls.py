"""`Idempotency-Key` on vendors' calls: their own answer again, and their own way to refuse."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.fixtures.databases import STORES, new_database_url
from tests.fixtures.systems import StartSystem
from tests.system import System, job_if_ended
from tests.waiting import wait_until

REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True, slots=True)
class Caller:
    """How a vendor's client calls, and where its answers say what went wrong."""

    path: str
    status: int
    body: Callable[[System, str], Any]
    told: Callable[[Any], Any]

    def send(self, system: System, key: str, content: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
        named = {"apikey": system.key["token"], "Content-Type": "application/json", "Idempotency-Key": key}
        return system.post(content, self.path, headers=named | headers)

    def said(self, system: System, name: str) -> bytes:
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
of_every_vendor = pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.path)


@pytest.fixture
def key() -> str:
    return uuid4().hex


@pytest.fixture(params=STORES)
def hasty(start_system: StartSystem, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    """A system that waits for nothing."""
    with start_system(tmp_path, new_database_url(request.param, tmp_path, request), SYNC_WAIT_SECONDS="0") as started:
        yield started


@of_every_vendor
def test_the_same_again_is_the_same_answer(system: System, key: str, caller: Caller) -> None:
    said = caller.said(system, "a")
    first, second = caller.send(system, key, said), caller.send(system, key, reordered(said))
    assert (first.status_code, second.status_code) == (caller.status, caller.status)
    assert first.json() == second.json()
    assert (first.headers.get(REPLAYED), second.headers[REPLAYED]) == (None, "true")
    job = caller.send(system, key, said, Prefer="respond-async")
    assert (job.status_code, job.headers[REPLAYED]) == (202, "true")


@of_every_vendor
def test_another_body_is_refused_in_the_vendors_words(system: System, key: str, caller: Caller) -> None:
    caller.send(system, key, caller.said(system, "a")).raise_for_status()
    refused = caller.send(system, key, caller.said(system, "b"))
    assert (refused.status_code, refused.headers.get(REPLAYED)) == (422, None)
    assert caller.told(refused.json())


@of_every_vendor
def test_who_comes_while_the_first_is_received_is_sent_away(system: System, key: str, caller: Caller) -> None:
    said, go = caller.said(system, "a"), threading.Event()

    def halves() -> Iterator[bytes]:
        yield said[:10]
        go.wait(60)
        yield said[10:]

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(caller.send, system, key, halves())
        wait_until(lambda: held(system, key), 20, "the first to have the key")
        early = caller.send(system, key, said)
        go.set()
    assert (early.status_code, int(early.headers["Retry-After"]) >= 1) == (409, True)
    assert caller.told(early.json())
    assert caller.send(system, key, said).json() == first.result().json()


def test_a_request_that_failed_as_a_whole_may_be_mended(system: System, key: str) -> None:
    taken = system.post({"url": "https://a.b"}, "/api/links").json()["slug"]
    body = REBRANDLY.body(system, "a") | {"count": 1}
    for wrong in ({"ttl": 1}, {"slashtag": taken}, {"slashtag": taken}):
        refused = REBRANDLY.send(system, key, json.dumps(body | wrong).encode())
        assert (refused.status_code, refused.headers.get(REPLAYED)) == (403, None)
    mended = REBRANDLY.send(system, key, json.dumps(body).encode())
    assert (mended.status_code, mended.headers.get(REPLAYED)) == (200, None)


def test_after_a_wait_that_ran_out_the_key_has_its_job(hasty: System, key: str) -> None:
    said = json.dumps({"links": AWSYS.body(hasty, "a")["links"] * 500}).encode()
    first = AWSYS.send(hasty, key, said)
    assert (first.status_code, first.headers.get(REPLAYED)) == (504, None)
    wait_until(lambda: job_if_ended(hasty.client.get(first.headers["Location"]).json()))
    for _ in range(2):
        again = AWSYS.send(hasty, key, said)
        assert (again.status_code, again.json()["created"], again.headers[REPLAYED]) == (200, 500, "true")
    assert hasty.sql("SELECT count(*) FROM jobs") == [(1,)]


def reordered(said: bytes) -> bytes:
    """The same said with its words in another order, and with blanks between."""
    return json.dumps(dict(reversed(json.loads(said).items())), indent=1).encode()


def held(system: System, key: str) -> int:
    found: int = system.sql(f"SELECT count(*) FROM idempotency_keys WHERE key = '{key}' AND job_id IS NULL")[0][0]
    return found
