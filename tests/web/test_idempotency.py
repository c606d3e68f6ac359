"""`Idempotency-Key` as its callers see it: a request that was sent twice is answered twice and done once."""

import gzip
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest

from tests import faults
from tests.system import System
from tests.waiting import wait_until
from tests.web.commands import client, new_key

REPLAYED = "Idempotency-Replayed"

CLIENTS = 20


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body, as one of many that mean the same."""

    kind: str
    content: bytes

    @property
    def headers(self) -> dict[str, str]:
        kind, _, coding = self.kind.partition(" in ")
        return {"Content-Type": kind} | ({"Content-Encoding": coding} if coding else {})


def as_json(name: str) -> Body:
    return Body("application/json", json.dumps({"links": [{"url": f"https://{name}.example/{uuid4()}"}]}).encode())


def as_csv(name: str) -> Body:
    return Body("text/csv", f"url\nhttps://{name}.example/{uuid4()}\n".encode())


def as_ndjson(name: str) -> Body:
    return Body("application/x-ndjson", b'{"url": "https://%s.example"}\n' % name.encode())


def as_form(name: str) -> Body:
    return formed(as_csv(name).content)


def as_gzip(name: str) -> Body:
    return zipped(as_csv(name).content)


def as_zipped_form(name: str) -> Body:
    form = as_form(name)
    return Body(f"{form.kind} in gzip", gzip.compress(form.content))


def formed(content: bytes) -> Body:
    """With a boundary that no other form has."""
    made = httpx.Request("POST", "http://x", files={"file": ("a.csv", content)}, data={"metadata": '{"a": 1}'})
    return Body(made.headers["Content-Type"], made.read())


def zipped(content: bytes) -> Body:
    """With a time that no other file has."""
    return Body("text/csv in gzip", gzip.compress(content, mtime=uuid4().int % 2**32))


SHAPES: list[Callable[[str], Body]] = [as_json, as_csv, as_ndjson, as_form, as_gzip, as_zipped_form]
of_every_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)


@pytest.fixture
def key() -> str:
    return uuid4().hex


def send(system: System, key: str, body: Body, path: str = "/api/jobs", **headers: str) -> httpx.Response:
    return system.post(body.content, path, headers={"Idempotency-Key": key} | body.headers | headers)


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def made(system: System, key: str) -> int:
    """How many jobs came of a key's requests, by what they say of it."""
    found: int = system.sql(f"SELECT count(*) FROM jobs WHERE CAST(metadata AS TEXT) LIKE '%{key}%'")[0][0]
    return found


@of_every_shape
def test_the_same_again_is_the_same_job(system: System, key: str, shape: Callable[[str], Body]) -> None:
    body = shape("a")
    first, second = send(system, key, body), send(system, key, body)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert (first.headers.get(REPLAYED), second.headers[REPLAYED]) == (None, "true")
    assert second.headers["Location"] == first.headers["Location"]
    assert system.wait_for_job(second)["counts"]["created"] == 1
    third = send(system, key, body, Prefer="wait=30")
    assert (third.status_code, third.json()["status"], third.headers[REPLAYED]) == (200, "completed", "true")


@of_every_shape
def test_another_body_under_the_same_key_is_refused(system: System, key: str, shape: Callable[[str], Body]) -> None:
    first = send(system, key, body := shape("a"))
    refused = send(system, key, shape("b"))
    assert code(refused) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert REPLAYED not in refused.headers
    assert send(system, key, body).json()["id"] == first.json()["id"]


@of_every_shape
def test_who_comes_while_the_first_is_received_is_sent_away(
    system: System, key: str, shape: Callable[[str], Body]
) -> None:
    body, go = shape("a"), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(send_slowly, system, key, body, go)
        wait_until(lambda: held(system, key), what="the first to have the key")
        early = send(system, key, body)
        go.set()
    assert code(early) == (409, "IDEMPOTENCY_IN_PROGRESS")
    assert int(early.headers["Retry-After"]) >= 1
    assert first.result().status_code == 202
    late = send(system, key, body)
    assert (late.json()["id"], late.headers[REPLAYED]) == (first.result().json()["id"], "true")


@of_every_shape
def test_what_was_cut_off_may_be_sent_again_at_once(system: System, key: str, shape: Callable[[str], Body]) -> None:
    body = shape("a")
    hang_up(system, key, body)
    wait_until(lambda: not held(system, key), what="the key to be free")
    again = send(system, key, body)
    assert (again.status_code, again.headers.get(REPLAYED)) == (202, None)


def test_twenty_at_once_are_one_job(system: System, key: str) -> None:
    body = Body("application/json", json.dumps({"url": "https://a.b", "count": 3, "metadata": {"k": key}}).encode())
    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = list(threads.map(lambda _: until_taken(system, key, body), range(CLIENTS)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Counter(answer.headers.get(REPLAYED) for answer in answers) == {None: 1, "true": CLIENTS - 1}
    assert made(system, key) == 1


def test_a_form_and_a_compressed_file_say_the_same_however_they_are_written(system: System, key: str) -> None:
    content = as_csv("a").content
    for write in (formed, zipped):
        first, second = (send(system, key + write.__name__, body) for body in (write(content), write(content)))
        assert (first.json()["id"], second.headers[REPLAYED]) == (second.json()["id"], "true")


def test_options_belong_to_a_request_and_their_order_does_not(system: System, key: str) -> None:
    body = as_csv("a")
    first = send(system, key, body, '/api/jobs?metadata={"a":1,"b":2}&mapping={"url":"url"}')
    second = send(system, key, body, '/api/jobs?mapping={"url":"url"}&metadata={"b":2,"a":1}')
    assert (second.json()["id"], second.headers[REPLAYED]) == (first.json()["id"], "true")
    assert code(send(system, key, body, '/api/jobs?metadata={"a":1}')) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    ("broken", "status"),
    [
        (Body("text/csv", b""), 422),
        (Body("text/csv in gzip", b"no gzip"), 400),
        (Body("application/json", b"{"), 400),
        (Body("application/json", b'{"links": [{"url": "https://a.b"}], "domain": "no.such"}'), 422),
        (Body("application/json", b'{"links": [{"url": "https://a.b"}], "webhook_url": "http://u:p@a.b"}'), 422),
        (Body("image/png", b"x"), 415),
        (Body("multipart/form-data; boundary=x", b"--x\r\n"), 400),
    ],
)
def test_what_was_refused_may_be_mended(system: System, key: str, broken: Body, status: int) -> None:
    assert send(system, key, broken).status_code == status
    mended = send(system, key, as_csv("a"))
    assert (mended.status_code, mended.headers.get(REPLAYED)) == (202, None)


def test_a_key_is_its_workspaces_own(system: System, key: str) -> None:
    body = as_csv("a")
    first = send(system, key, body)
    with client(system, new_key(system, "--workspace", f"w{key}")) as stranger:
        other = stranger.post("/api/jobs", content=as_csv("b").content, headers={"Idempotency-Key": key} | body.headers)
    assert (other.status_code, other.headers.get(REPLAYED)) == (202, None)
    assert other.json()["id"] != first.json()["id"]


@pytest.mark.parametrize(
    ("plain", "quoted"), [("K", '"K"'), ('K"b\\', '"K\\"b\\\\"'), ("K" + "!~" * 111, '"K' + "!~" * 111 + '"')]
)
def test_quotes_round_a_key_do_not_belong_to_it(system: System, key: str, plain: str, quoted: str) -> None:
    body = as_csv("a")
    first, second = (send(system, spelled.replace("K", key), body) for spelled in (plain, quoted))
    assert (second.json()["id"], second.headers[REPLAYED]) == (first.json()["id"], "true")


@pytest.mark.parametrize("bad", [b"", b'""', b"a b", b'"a b"', b"x" * 256, "ключ".encode(), b"\xff"])
def test_what_is_no_key_is_told_where(system: System, bad: bytes) -> None:
    answer = system.post(b"url\nhttps://a.b\n", headers={b"Idempotency-Key": bad, b"Content-Type": b"text/csv"})
    assert code(answer) == (422, "INVALID_REQUEST")
    assert [field["pointer"] for field in answer.json()["errors"]] == ["/Idempotency-Key"]


def test_one_link_is_made_once(system: System, key: str) -> None:
    first, second = (link(system, key, url="https://a.b", title=key) for _ in range(2))
    assert (first.status_code, second.status_code, second.json()) == (201, 201, first.json())
    assert (first.headers.get(REPLAYED), second.headers[REPLAYED]) == (None, "true")
    assert second.headers["Location"] == first.headers["Location"]
    assert code(link(system, key, url="https://other.b")) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert send(system, key, as_csv("a")).status_code == 202  # another route, another request
    system.client.delete(first.headers["Location"]).raise_for_status()
    assert code(link(system, key, url="https://a.b", title=key)) == (410, "GONE")


def test_a_link_that_was_refused_may_be_mended_under_its_key(system: System, key: str) -> None:
    taken = link(system, f"{key}-1", url="https://a.b").json()["slug"]
    for _ in range(2):
        refused = link(system, key, url="https://a.b", slug=taken)
        assert (code(refused), refused.headers.get(REPLAYED)) == ((409, "SLUG_TAKEN"), None)
    mended = link(system, key, url="https://a.b", slug=key)
    assert (mended.status_code, mended.json()["slug"]) == (201, key)


def test_a_web_process_that_dies_while_it_receives_loses_the_key(fragile_system: System, key: str) -> None:
    body, go = as_csv("a"), threading.Event()
    ((jobs,),) = fragile_system.sql("SELECT count(*) FROM jobs")
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(send_slowly, fragile_system, key, body, go)
        wait_until(lambda: held(fragile_system, key), what="the first to have the key")
        kill_the_web(fragile_system)
        again = wait_until(lambda: taken(fragile_system, key, body), what="the same request to be taken")
        go.set()
    assert isinstance(first.exception(), httpx.HTTPError)
    assert (again.status_code, again.headers.get(REPLAYED)) == (202, None)
    assert fragile_system.wait_for_job(again)["counts"]["created"] == 1
    assert fragile_system.sql("SELECT count(*) FROM jobs") == [(jobs + 1,)]


def link(system: System, key: str, **fields: Any) -> httpx.Response:
    return system.post(fields, "/api/links", headers={"Idempotency-Key": key})


def held(system: System, key: str) -> int:
    found: int = system.sql(f"SELECT count(*) FROM idempotency_keys WHERE key = '{key}' AND job_id IS NULL")[0][0]
    return found


def send_slowly(system: System, key: str, body: Body, go: threading.Event) -> httpx.Response:
    """Sends half a body, and the rest of it when it may."""

    def halves() -> Iterator[bytes]:
        yield body.content[: len(body.content) // 2]
        go.wait(60)
        yield body.content[len(body.content) // 2 :]

    return system.post(halves(), headers={"Idempotency-Key": key} | body.headers)


def hang_up(system: System, key: str, body: Body) -> None:
    """Sends half a body and goes away."""
    headers = {"Idempotency-Key": key, "Content-Length": str(len(body.content)), "Host": "localhost"} | body.headers
    headers["Authorization"] = f"Bearer {system.key['token']}"
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    url = httpx.URL(system.url)
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(f"POST /api/jobs HTTP/1.1\r\n{head}\r\n".encode() + body.content[: len(body.content) // 2])
        wait_until(lambda: held(system, key), what="the key to be taken")


def taken(system: System, key: str, body: Body) -> httpx.Response | None:
    try:
        answer = system.post(body.content, headers={"Idempotency-Key": key} | body.headers)
    except httpx.TransportError:
        return None
    return None if answer.status_code == 409 else answer


def until_taken(system: System, key: str, body: Body) -> httpx.Response:
    return wait_until(lambda: taken(system, key, body), what="the first to be received")


def kill_the_web(system: System) -> None:
    node = faults.find_process(system, "web")
    for process in [*node.children(recursive=True), node]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
