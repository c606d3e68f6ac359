"""The Python library, against a running system, and against answers that a server seldom gives."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

import linkmill
from linkmill import Client, Job, JobFailed, LinkmillError, RequestRefused, WaitTimeout
from linkmill.client import encode_options
from linkmill.show import Screen
from tests import ROOT
from tests.linkmill.new_jobs import new_job
from tests.system import System


@pytest.fixture(scope="module")
def client(system: System) -> Iterator[Client]:
    with Client(system.url, system.key["token"]) as client:
        yield client


def pretending(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    screen = Screen(Console(file=None), bars=False, quiet=True)
    return Client.over(httpx.Client(base_url="http://a.b", transport=httpx.MockTransport(answer)), screen)


def test_rows_become_links_with_a_result_for_each(system: System, client: Client) -> None:
    rows: list[dict[str, Any]] = [{"url": "https://library.example/1", "tags": ["lib"]}, {"url": "nope"}]
    job = client.push(iter(rows), metadata={"from": "library"}, defaults={"title": "Library"}).wait()
    assert (job.kind, job.status, job.outcome, job.errors) == ("create", "completed", "partial", {"INVALID_URL": 1})
    assert (job.counts["created"], job.document["metadata"]) == (1, {"from": "library"})
    created, failed = job.results()
    assert (created["status"], failed["error_code"]) == ("created", "INVALID_URL")
    assert httpx.get(created["short_url"]).headers["Location"] == "https://library.example/1"
    assert [row["line"] for row in job.results("failed")] == [2]


def test_a_file_is_sent_by_its_path_and_its_results_are_saved(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "urls.csv"
    path.write_text("url\nhttps://library.example/file\n")
    out = tmp_path / "results.csv"
    client.push(path, dry_run=True).wait().save_results(out)
    with out.open() as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["created"]


def test_a_job_is_found_repeated_and_undone(client: Client) -> None:
    job = client.push([{"url": "https://library.example/undo"}], idempotency_key="library-1").wait()
    again = client.push([{"url": "https://library.example/undo"}], idempotency_key="library-1")
    assert again.id == job.id
    assert client.job(job.id).counts == job.counts
    assert job.id in [one.id for one in client.jobs(status="completed", limit=100)]
    undo = job.undo().wait()
    assert (undo.kind, undo.counts["deleted"]) == ("undo", 1)
    with pytest.raises(RequestRefused, match="end"):
        job.cancel()


def test_errors_have_names_and_say_why(system: System, client: Client) -> None:
    with pytest.raises(RequestRefused) as refusal:
        client.push([{"url": "https://a.b"}], duplicates="sometimes")  # type: ignore[arg-type]
    assert (refusal.value.status, refusal.value.code) == (422, "INVALID_REQUEST")
    assert refusal.value.errors[0]["pointer"] == "/duplicates"
    with pytest.raises(RequestRefused) as missing:
        client.job("1")
    assert missing.value.status == 404
    with Client(system.url, "wrong") as stranger, pytest.raises(RequestRefused, match="does not know this key"):
        stranger.jobs()
    with pytest.raises(LinkmillError, match=r"No such file"):
        client.push("/nowhere.csv")


def test_a_file_that_cannot_be_read_is_an_error_of_its_job(client: Client) -> None:
    document = new_job(status="failed", detail="No header.")
    failed = pretending(lambda request: httpx.Response(200, json=document)).job("7")
    with pytest.raises(JobFailed, match=r"job 7 could not be read: No header\.$"):
        failed.wait()


def test_a_wait_may_end_before_the_job() -> None:
    running = pretending(lambda request: httpx.Response(200, json=new_job(status="running"))).job("7")
    with pytest.raises(WaitTimeout, match=r"^job 7 still runs after 0\.05 seconds$"):
        running.wait(0.05)


def test_a_query_is_one_request_with_a_key_of_its_own() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202, json=new_job(kind="update"))

    client = pretending(answer)
    client.update(where={"tag": "spring"}, set={"expires_at": None}, dry_run=True)
    client.delete(where={}, only="unclicked", idempotency_key="mine")
    update, delete = sent
    assert update.read() == b'{"action":"update","where":{"tag":"spring"},"set":{"expires_at":null},"dry_run":true}'
    assert delete.read() == b'{"action":"delete","where":{},"only":"unclicked"}'
    assert (len(update.headers["Idempotency-Key"]), delete.headers["Idempotency-Key"]) == (36, "mine")


def test_rows_and_a_query_do_not_go_together() -> None:
    client = pretending(lambda request: httpx.Response(500))
    calls: list[Callable[[], Job]] = [
        lambda: client.update(),
        lambda: client.update(where={}),
        lambda: client.update([], where={}, set={}),
        lambda: client.delete(),
        lambda: client.delete([], where={}),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="rows, or where"):
            call()


def test_options_are_written_as_the_query_has_them() -> None:
    options: dict[str, Any] = {"name": "a", "dry_run": True, "mapping": {"url": "Long"}, "sheet": None}
    assert encode_options(options) == {"name": "a", "dry_run": "true", "mapping": '{"url": "Long"}'}


def test_the_package_names_what_it_has() -> None:
    assert set(linkmill.__all__) <= set(dir(linkmill)) | set(linkmill.PLACES)
    assert (ROOT / "linkmill" / "py.typed").exists()
    for name in linkmill.__all__:
        assert getattr(linkmill, name).__name__ == name
    missing = "nothing"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(linkmill, missing)
