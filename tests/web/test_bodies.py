"""What may be posted to /api/jobs, and what becomes of what may not."""

import gzip
import io
import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from models import settings, store
from models.accounts import keys
from models.accounts.keys import Owner
from tests.shared_app import shared_app
from tests.system import System
from tests.waiting import wait_until

BOUNDARY = "frontier"
CSV = b"url,title\nhttps://example.com/a,A\nhttps://example.com/b,B\n"
NDJSON = b'{"url":"https://example.com/a","title":"A"}\n{"url":"https://example.com/b","title":"B"}\n'
LINKS = json.dumps(
    {"links": [json.loads(line) for line in NDJSON.splitlines()], "metadata": {"a": 1}}, indent=2
).encode()
LIST = json.dumps([json.loads(line) for line in NDJSON.splitlines()], indent=2).encode()
COLOURED = b'{"links": [{"url": "https://example.com"}], "colour": 1}'
COUNT = json.dumps({"url": "https://example.com/a", "tags": ["x"], "count": 2, "metadata": {"a": 1}}, indent=2).encode()


def part(name: str, value: bytes, headers: str = "", filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{headers}\r\n'
    return head.encode() + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


OPTION = part("metadata", b'{"a": 1}')
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
ND = "application/x-ndjson"
AS_JSON = "Content-Type: application/json\r\n"
DEEP = b'{"links":[{}],"metadata":' + b'{"a":' * 90 + b"1" + b"}" * 91
LARGE = form(part("metadata", b"x" * (1 << 20) + b"x"), part("file", CSV, "", "a"))
QUERY = "?metadata=%7B%22a%22%3A%201%7D"
BODIES = {
    "links": ("application/json", "", "json", LINKS),
    "count": ("application/json; charset=utf-8", "", "count", COUNT),
    "csv": ("text/csv", QUERY, "csv", CSV),
    "ndjson": ("application/x-ndjson", QUERY, "ndjson", NDJSON),
    "options before the file": (MULTIPART, "", "csv", form(OPTION, part("file", CSV, "", "a.csv"))),
    "options behind the file": (MULTIPART, "", "ndjson", form(part("file", NDJSON, "", "a.JSONL"), OPTION)),
    "kind by type": (MULTIPART, "", "ndjson", form(OPTION, part("file", NDJSON, f"Content-Type: {ND}\r\n", ""))),
    "json by content": (MULTIPART, "", "ndjson", form(OPTION, part("file", b"\n " + NDJSON, "", "upload"))),
    "a bare list": ("application/json", QUERY, "json", LIST),
    "a json file": (MULTIPART, "", "json", form(OPTION, part("file", LINKS, "", "a.json"))),
    "a json file with its options": (MULTIPART, "", "json", form(part("file", LINKS, "", "a.JSON"))),
    "a json file of a list": (MULTIPART, "", "json", form(part("file", LIST, "", "a.json"), OPTION)),
    "a list by its type": (MULTIPART, "", "json", form(OPTION, part("file", LIST, AS_JSON, ""))),
    "a list by its content": (MULTIPART, "", "json", form(OPTION, part("file", b"\n" + LIST, "", "upload"))),
    "a json file of a count": (MULTIPART, "", "count", form(part("file", COUNT, "", "a.json"))),
    "a json file of lines": (MULTIPART, "", "ndjson", form(OPTION, part("file", NDJSON, "", "a.json"))),
    "csv by content": (MULTIPART, "", "csv", form(OPTION, part("file", CSV, "Content-Type: text/plain\r\n", "upload"))),
}  # fmt: skip


def trickle(body: bytes) -> Iterator[bytes]:
    """A stream of unknown length, in pieces that fit nothing."""
    for at in range(0, len(body), 37):
        yield body[at : at + 37]


def files(system: System) -> set[str]:
    folder = system.data_dir / "uploads"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


@pytest.mark.parametrize("name", BODIES)
def test_every_body_is_taken_plain_or_zipped_whole_or_in_chunks(system: System, name: str) -> None:
    kind, query, source, body = BODIES[name]
    members = gzip.compress(body[:40]) + gzip.compress(body[40:])
    for content, coding in (
        (body, "identity"),
        (trickle(body), "identity"),
        (members, "gzip"),
        (trickle(members), "gzip"),
    ):
        headers = {"Content-Type": kind, "Content-Encoding": coding, "Prefer": "wait=20"}
        answer = system.post(content, f"/api/jobs{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        job = answer.json()
        assert (job["source"], job["counts"]["created"], job["metadata"]) == (source, 2, {"a": 1})


REFUSED: dict[str, tuple[str, str, bytes, int, str]] = {
    "empty": ("text/csv", "", b"", 422, "EMPTY_UPLOAD"),
    "header only": ("text/csv", "", b"url,title\n", 422, "EMPTY_UPLOAD"),
    "blank lines": ("text/csv", "", b"\n\r\n\n", 422, "EMPTY_UPLOAD"),
    "header and blank lines": ("text/csv", "", b"url\n\n\r\n", 422, "EMPTY_UPLOAD"),
    "no json lines": ("application/x-ndjson", "", b"\n\n", 422, "EMPTY_UPLOAD"),
    "no links": ("application/json", "", b'{"links": []}', 422, "EMPTY_UPLOAD"),
    "no type": ("", "", CSV, 415, "UNSUPPORTED_TYPE"),
    "wrong type": ("text/plain", "", CSV, 415, "UNSUPPORTED_TYPE"),
    "form type": ("application/x-www-form-urlencoded", "", CSV, 415, "UNSUPPORTED_TYPE"),
    "broken json": ("application/json", "", b'{"links": [', 400, "BROKEN_JSON"),
    "deep json": ("application/json", "", b'{"links": ' + b"[" * 100_000, 400, "BROKEN_JSON"),
    "not a number": ("application/json", "", b'{"links": [{"ttl": NaN}]}', 400, "BROKEN_JSON"),
    "an empty list": ("application/json", "", b"[]", 422, "EMPTY_UPLOAD"),
    "a list in a list": ("application/json", "", b"[[", 400, "BROKEN_JSON"),
    "a broken json file": (MULTIPART, "", form(part("file", b"[{]", "", "a.json")), 400, "BROKEN_JSON"),
    "an option of a json file": (MULTIPART, "", form(part("file", COLOURED, "", "a.json")), 422, "INVALID_REQUEST"),
    "a long name": ("text/csv", f"?name={'x' * 201}", CSV, 422, "INVALID_REQUEST"),
    "a number": ("application/json", "", b"5", 422, "INVALID_REQUEST"),
    "no url": ("application/json", "", b'{"count": 5}', 422, "INVALID_REQUEST"),
    "100,001 links": ("application/json", "", b'{"links":[' + b"1," * 100_000 + b"1]}", 413, "TOO_LARGE"),
    "unknown option": ("text/csv", "?colour=red", CSV, 422, "INVALID_REQUEST"),
    "unknown json option": ("application/json", "", b'{"links": [{}], "colour": 1}', 422, "INVALID_REQUEST"),
    "unknown domain": ("text/csv", "?domain=other.example", CSV, 422, "INVALID_REQUEST"),
    "impossible domain": ("text/csv", "?domain=%00", CSV, 422, "INVALID_REQUEST"),
    "domain of another type": ("application/json", "", b'{"links": [{}], "domain": 5}', 422, "INVALID_REQUEST"),
    "metadata that is no object": ("text/csv", "?metadata=5", CSV, 422, "INVALID_REQUEST"),
    "metadata that is no json": ("text/csv", "?metadata=%7B", CSV, 422, "INVALID_REQUEST"),
    "metadata with NaN": ("text/csv", "?metadata=%7B%22a%22:NaN%7D", CSV, 422, "INVALID_REQUEST"),
    "deep metadata": ("application/json", "", DEEP, 422, "INVALID_REQUEST"),
    "mapping to no field": ("text/csv", "?mapping=%7B%22colour%22:%22url%22%7D", CSV, 422, "INVALID_REQUEST"),
    "mapping of another type": ("text/csv", "?mapping=%7B%22url%22:5%7D", CSV, 422, "INVALID_REQUEST"),
    "no boundary": ("multipart/form-data", "", form(OPTION), 400, "BROKEN_MULTIPART"),
    "no file": (MULTIPART, "", form(OPTION), 422, "INVALID_REQUEST"),
    "two files": (MULTIPART, "", form(part("file", CSV, "", "a"), part("file", CSV, "", "b")), 422, "INVALID_REQUEST"),
    "another file": (MULTIPART, "", form(part("data", CSV, "", "a")), 422, "INVALID_REQUEST"),
    "unknown field": (MULTIPART, "", form(part("file", CSV, "", "a"), part("colour", b"red")), 422, "INVALID_REQUEST"),
    "cut multipart": (MULTIPART, "", form(part("file", CSV, "", "a"))[:-30], 400, "BROKEN_MULTIPART"),
    "empty file": (MULTIPART, "", form(part("file", b"", "", "a.csv")), 422, "EMPTY_UPLOAD"),
    "no multipart": (MULTIPART, "", CSV, 400, "BROKEN_MULTIPART"),
    "large field": (MULTIPART, "", LARGE, 413, "TOO_LARGE"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_is_refused_clearly_and_leaves_no_file(system: System, name: str) -> None:
    kind, query, body, status, code = REFUSED[name]
    before = files(system)
    for content in (body, trickle(body) if len(body) < 10_000 else body):
        answer = system.post(content, f"/api/jobs{query}", headers={"Content-Type": kind} if kind else {})
        refused(answer, status, code)
    assert files(system) == before


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem["detail"]
    return problem


def test_a_refused_option_is_pointed_at(system: System) -> None:
    for query, pointer in (("colour=red", "/colour"), ("domain=x.example", "/domain"), ("metadata=5", "/metadata")):
        problem = refused(system.post_csv(CSV, path=f"/api/jobs?{query}"), 422, "INVALID_REQUEST")
        assert problem["errors"][0]["pointer"] == pointer


def test_a_job_has_a_name_of_its_own_or_that_of_its_file(system: System) -> None:
    file = {"file": ("C:\\links\\spring sale.csv", CSV)}
    assert system.client.post("/api/jobs", files=file).json()["name"] == "spring sale.csv"
    assert system.client.post("/api/jobs", files=file, data={"name": "Sale"}).json()["name"] == "Sale"
    assert system.post_csv(CSV, path="/api/jobs?name=Sale%20in%20spring").json()["name"] == "Sale in spring"
    unnamed = system.post_csv(CSV).json()
    assert unnamed["name"] is None
    names = [job["name"] for job in system.client.get("/api/jobs", params={"limit": 4}).json()["items"]]
    assert names == [None, "Sale in spring", "Sale", "spring sale.csv"]


def test_broken_gzip_bombs_and_other_codings_are_refused(system: System) -> None:
    before = files(system)
    bomb = gzip.compress(b"url\n" + bytes(200 << 20))
    for body, coding, status, code in (
        (CSV, "gzip", 400, "BROKEN_GZIP"),
        (gzip.compress(CSV, mtime=0)[:-5], "gzip", 400, "BROKEN_GZIP"),
        (gzip.compress(CSV, mtime=0) + b"x", "gzip", 400, "BROKEN_GZIP"),
        (bomb, "gzip", 413, "TOO_LARGE"),
        (CSV, "br", 415, "UNSUPPORTED_TYPE"),
        (b"", "gzip", 422, "EMPTY_UPLOAD"),
    ):
        refused(system.post_csv(body, headers={"Content-Encoding": coding}), status, code)
    assert files(system) == before


LONG_LINE = b"url\nhttps://a.b\n" + b"x" * (5 << 20)
UNREADABLE = {
    "no url": (
        b"link to,title\nx,y\n",
        'Line 1: No column is named url, and none holds URLs. The columns are ["link to", "title"].',
    ),
    "two columns of urls": (b"a,b\nhttps://a.b,https://a.c\n", 'Line 1: Several columns hold URLs: ["a", "b"].'),
    "two urls": (b"url,URL\nx,y\n", "Line 1: Two columns stand for url"),
    "UTF-32": ("url\nhttps://a.b".encode("utf-32"), "This is not a text file but UTF-32"),
    "old Excel": (b"\xd0\xcf\x11\xe0" + bytes(100), "This is not a text file but an old Excel file"),
    "header of two encodings": (
        "url,ü".encode() + b",t\xeftre\nx,y,z\n",
        "Line 1: Byte 0xef at position 8 is not valid UTF-8",
    ),
    "open quote": (b'url,"title\nx,y\n', "Line 1: The header cannot be read"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_whose_first_bytes_cannot_be_read_is_refused_and_makes_no_job(system: System, name: str) -> None:
    body, said = UNREADABLE[name]
    files_before, jobs_before = files(system), jobs(system)
    code = "NO_URL_COLUMN" if name in ("no url", "two columns of urls") else "UNREADABLE"
    problem = refused(system.post_csv(body), 422, code)
    assert problem["detail"].startswith(said)
    pointers = {error["pointer"] for error in problem.get("errors", [])}
    assert pointers == ({"/mapping/url"} if "url" in name else set())
    assert (files(system), jobs(system)) == (files_before, jobs_before)


@pytest.mark.parametrize(
    ("body", "query", "mapping"),
    [
        (b"Website\nhttps://example.com/a\nhttps://example.com/b\n", "", {"url": "Website"}),
        (b"https://example.com/a\nhttps://example.com/b\n", "", {"url": "url"}),
        (b"One,https://example.com/a\nTwo,https://example.com/b\n", "", {"url": "url"}),
        (b"example.com/a\nwww.example.com/b\n", "?scheme=https", {"url": "url"}),
        (b"Site,Name\nexample.com/a,A\nexample.com/b,B\n", "?scheme=https", {"url": "Site"}),
    ],
)
def test_the_only_column_of_urls_needs_neither_a_name_nor_a_mapping(
    system: System, body: bytes, query: str, mapping: dict[str, str]
) -> None:
    job = system.wait_for_job(system.post_csv(body, path=f"/api/jobs{query}"))
    assert (job["mapping"], job["counts"]["created"]) == (mapping, 2)
    assert all(item["url"].startswith("https://") for item in system.items(job))


def test_a_line_without_end_is_a_failed_job_that_says_where(system: System) -> None:
    job = system.wait_for_job(system.post_csv(LONG_LINE))
    assert (job["status"], job["detail"][:14]) == ("failed", "Line 3 is long")


@pytest.mark.parametrize("how", ["shut", "close", "reset"])
@pytest.mark.parametrize("name", ["csv", "ndjson", "csv in chunks"])
def test_a_client_that_goes_away_leaves_no_job_and_no_file(system: System, name: str, how: str) -> None:
    kind, query, _, body = BODIES[name.removesuffix(" in chunks")]
    length = f"Content-Length: {len(body) + 1}"
    if name.endswith(" in chunks"):
        length = "Transfer-Encoding: chunked"
        body = b"%x\r\n%s\r\n" % (len(body), body)
    files_before, jobs_before = files(system), jobs(system)
    with socket.create_connection(("localhost", urlsplit(system.url).port or 80)) as client:
        head = f"POST /api/jobs{query} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n{length}\r\n"
        client.sendall(f"{head}Authorization: Bearer {system.key['token']}\r\n\r\n".encode() + body)
        wait_until(lambda: files(system) - files_before, what="the upload to be begun")
        if how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if how == "shut":
            client.shutdown(socket.SHUT_WR)
            assert b"400" in client.recv(100)
    wait_until(lambda: not files(system) - files_before, what=lambda: f"{files(system) - files_before} to be gone")
    assert jobs(system) == jobs_before


def jobs(system: System) -> list[str]:
    return [
        job["id"] for job in system.client.get("/api/jobs", params={"limit": 1000}).raise_for_status().json()["items"]
    ]


def test_more_than_may_be_uploaded_is_refused_before_it_is_sent(system: System) -> None:
    with socket.create_connection(("localhost", urlsplit(system.url).port or 80), timeout=10) as client:
        head = f"POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: {3 << 30}\r\n"
        client.sendall(f"{head}Authorization: Bearer {system.key['token']}\r\n\r\nurl\n".encode())
        assert b" 413 " in client.recv(100)


def test_a_json_list_of_more_than_64_mib_is_refused(system: System) -> None:
    before, begun = files(system), time.monotonic()
    refused(system.post(b" " * (65 << 20), headers={"Content-Type": "application/json"}), 413, "TOO_LARGE")
    assert time.monotonic() - begun < 30
    assert files(system) == before


@pytest.mark.parametrize("kind", ["text/csv", "application/x-ndjson", "application/json", MULTIPART])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_the_limit_holds_for_what_was_not_announced_and_for_what_was_zipped(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, kind: str, coding: str
) -> None:
    with store.write() as db:
        token = keys.create(db, "default", None, "test", ["write"])["token"]
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "5000")
    settings.get.cache_clear()
    rows = b"url\n" + b"https://example.com/%d\n" * 1000
    body = form(part("file", rows, "", "a.csv")) if kind == MULTIPART else rows
    answer = (
        shared_app()
        .test_client()
        .post(
            "/api/jobs",
            input_stream=io.BytesIO(gzip.compress(body) if coding == "gzip" else body),
            environ_overrides={"wsgi.input_terminated": True},
            headers={"Content-Type": kind, "Content-Encoding": coding, "Authorization": f"Bearer {token}"},
        )
    )
    assert (answer.status_code, answer.get_json()["code"]) == (413, "TOO_LARGE")
    assert not list((settings.get().data_dir / "uploads").glob("*"))
