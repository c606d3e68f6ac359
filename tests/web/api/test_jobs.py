"""/api/jobs as its callers see it."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system import System, job_if_ended
from tests.waiting import wait_until
from tests.web.commands import client, new_key

SHAPE = {
    "id", "name", "kind", "run", "status", "outcome", "source", "dry_run", "created_at", "started_at", "finished_at",
    "counts", "progress", "rate", "eta_seconds", "errors", "mapping", "format", "metadata", "detail", "cleared_at",
    "links",
}  # fmt: skip
WAIT = {"Prefer": "wait=30"}


@pytest.fixture(scope="module")
def stranger(system: System) -> Iterator[httpx.Client]:
    """Somebody of another workspace."""
    with client(system, new_key(system, "--workspace", "elsewhere")) as found:
        yield found


@pytest.fixture(scope="module")
def mixed(system: System) -> dict[str, Any]:
    """A finished job of 25 rows: every fifth fails."""
    rows = "".join(f"https://example.com/{row},{'x' * 501 if row % 5 == 4 else row}\n" for row in range(25))
    found: dict[str, Any] = system.post_csv(f"url,title\n{rows}", headers=WAIT).raise_for_status().json()
    return found


def waited(system: System, items: list[Any], **options: Any) -> dict[str, Any]:
    answer = system.post({"links": items, **options}, headers=WAIT)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def code(answer: httpx.Response) -> str:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return str(answer.json()["code"])


def test_a_job_is_answered_at_once_and_says_where_to_look(system: System) -> None:
    answer = system.post_csv(
        "Long Link,Name\nhttps://a.b,x\n", path='/api/jobs?mapping={"url":"Long Link"}&metadata={"a":[1]}'
    )
    job = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/jobs/{job['id']}")
    assert int(answer.headers["Retry-After"]) >= 1
    assert set(job) == SHAPE
    assert (job["kind"], job["run"], job["source"], job["dry_run"]) == ("create", 1, "csv", False)
    assert (job["mapping"], job["metadata"]) == ({"url": "Long Link"}, {"a": [1]})
    self = f"/api/jobs/{job['id']}"
    parts = {"items": "items", "results": "results.csv", "stats": "stats", "events": "events"}
    assert job["links"] == {"self": self} | {name: f"{self}/{part}" for name, part in parts.items()}
    assert system.wait_for_job(answer)["counts"]["created"] == 1


def test_who_prefers_to_wait_gets_the_finished_job(system: System) -> None:
    job = waited(system, [{"url": "https://a.b"}, {"url": "nope"}])
    assert (job["status"], job["outcome"], job["progress"]) == ("completed", "partial", 1.0)
    assert job["counts"] == {
        "total": 2,
        "processed": 2,
        "created": 1,
        "updated": 0,
        "deleted": 0,
        "existing": 0,
        "failed": 1,
        "unprocessed": 0,
    }
    assert job["errors"] == {"INVALID_URL": 1}
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]
    assert job["eta_seconds"] is None


@pytest.mark.parametrize("prefer", ["wait=0", "wait=x", "wait", "respond-async", "wait=-1", "wait=٣"])
def test_a_preference_that_says_nothing_is_passed_over(system: System, prefer: str) -> None:
    answer = system.post({"links": [{"url": "https://a.b"}]}, headers={b"Prefer": prefer.encode()})
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("items", "outcome"),
    [(["https://a.b"], "succeeded"), (["https://a.b", "x"], "partial"), (["x", "y"], "failed")],
)
def test_the_outcome_tells_how_many_succeeded(system: System, items: list[str], outcome: str) -> None:
    assert waited(system, [{"url": url} for url in items])["outcome"] == outcome


def test_whatever_an_item_is_it_fails_alone(system: System) -> None:
    good = {"url": "https://a.b"}
    wrong: list[Any] = [
        5,
        None,
        [],
        "x",
        {},
        {"url": 5},
        {**good, "lug": 1},
        {**good, "slug": "api"},
        {**good, "title": "a\0b"},
    ]
    job = waited(system, [good, *wrong, good])
    codes = [item["error"] and item["error"]["code"] for item in system.items(job)]
    assert codes == [
        None, "MALFORMED_ROW", "MALFORMED_ROW", "MALFORMED_ROW", "MALFORMED_ROW", "INVALID_URL", "INVALID_TYPE",
        "UNKNOWN_FIELD", "RESERVED_SLUG", "INVALID_TITLE", None,
    ]  # fmt: skip
    assert [item["line"] for item in system.items(job)] == list(range(1, 12))


def test_half_a_surrogate_pair_fails_its_item_in_every_body(system: System) -> None:
    items = [{"url": "https://a.b"}, {"url": "https://a.b", "title": "\ud800"}, {"url": "https://a.b/\udfff"}]
    lines = "\n".join(map(json.dumps, items))
    for kind, body in (("application/json", json.dumps({"links": items})), ("application/x-ndjson", lines)):
        answer = system.post(body.encode(), headers={"Content-Type": kind} | WAIT)
        assert answer.status_code == 200, answer.text
        assert answer.json()["errors"] == {"INVALID_TITLE": 1, "INVALID_URL": 1}


def test_our_own_short_links_are_no_targets(system: System) -> None:
    job = waited(system, [{"url": f"{system.url}/x"}, {"url": system.url.replace("localhost", "LOCALHOST.")}])
    assert job["errors"] == {"BLOCKED_URL": 2}


def test_a_counted_job_gives_that_many_slugs(system: System) -> None:
    job = system.wait_for_job(system.post({"url": "https://a.b", "count": 1234, "title": "same"}))
    items = system.items(job)
    assert (job["source"], job["mapping"], len(items)) == ("count", None, 1234)
    assert {len(item["slug"]) for item in items} == {7}
    assert {item["url"] for item in items} == {"https://a.b/"}
    assert len({item["slug"] for item in items}) == 1234


def test_an_etag_spares_the_body_until_something_changes(system: System, mixed: dict[str, Any]) -> None:
    path = mixed["links"]["self"]
    tag = system.client.get(path).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = system.client.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    assert system.client.get(path, headers={"If-None-Match": '"x"'}).json() == mixed


def test_who_waits_for_a_job_hears_of_its_end(system: System) -> None:
    job = system.post({"url": "https://a.b", "count": 60_000}).raise_for_status().json()
    tag, seen = "", []
    while not job_if_ended(job):
        answer = system.client.get(job["links"]["self"], params={"wait": 20}, headers={"If-None-Match": tag})
        assert answer.status_code == 200, "20 seconds without any change"
        assert answer.headers["ETag"] != tag
        job, tag = answer.json(), answer.headers["ETag"]
        seen.append(job["counts"]["processed"])
    assert (seen[-1], seen) == (60_000, sorted(seen))


def test_waiting_for_what_has_ended_takes_no_time(system: System, mixed: dict[str, Any]) -> None:
    answer = system.client.get(mixed["links"]["self"], params={"wait": 60}, timeout=5)
    assert answer.json() == mixed


@pytest.mark.parametrize("wait", ["-1", "x", "nan", "inf"])
def test_a_wait_that_is_none_is_refused(system: System, mixed: dict[str, Any], wait: str) -> None:
    answer = system.client.get(mixed["links"]["self"], params={"wait": wait})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/wait")


def test_jobs_are_listed_from_the_newest_on(system: System) -> None:
    made = [waited(system, [{"url": "https://a.b"}])["id"] for _ in range(3)]
    first = system.client.get("/api/jobs", params={"limit": 2}).json()
    assert [job["id"] for job in first["items"]] == [made[2], made[1]]
    assert set(first["items"][0]) == SHAPE
    second = system.client.get("/api/jobs", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert second["items"][0]["id"] == made[0]


def test_jobs_are_listed_by_status_and_to_the_end(stranger: httpx.Client) -> None:
    long_line = b"url\n" + b"x" * (5 << 20)
    headers = {"Content-Type": "text/csv", "Prefer": "wait=30"}
    failed = stranger.post("/api/jobs", content=long_line, headers=headers, timeout=40).json()
    found = stranger.get("/api/jobs", params={"status": "failed"}).json()
    assert failed["id"] in [job["id"] for job in found["items"]]
    assert found["next_cursor"] is None
    assert stranger.get("/api/jobs", params={"status": "cancelled"}).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    "query", ["status=done", "cursor=x", "cursor=-1", "cursor=9999999999999999999", "limit=0", "limit=1001", "limit=x"]
)
def test_a_list_refuses_what_it_does_not_know(system: System, mixed: dict[str, Any], query: str) -> None:
    for path in ("/api/jobs", mixed["links"]["items"]):
        answer = system.client.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{query.partition('=')[0]}")


def test_items_come_in_input_order_page_by_page(system: System, mixed: dict[str, Any]) -> None:
    items = system.items(mixed, limit=7)
    assert [item["index"] for item in items] == list(range(25))
    assert [item["line"] for item in items] == list(range(2, 27))
    good, bad = items[0], items[4]
    assert good == {
        "index": 0, "line": 2, "status": "created", "url": "https://example.com/0", "slug": good["slug"],
        "short_url": f"{system.url}/{good['slug']}", "external_id": None, "custom_id": None,
        "error": None, "changes": None,
    }  # fmt: skip
    assert (bad["status"], bad["url"], bad["slug"], bad["short_url"]) == ("failed", "https://example.com/4", None, None)
    assert bad["error"]["code"] == "INVALID_TITLE"
    assert "500" in bad["error"]["message"]


def test_items_are_filtered_by_status(system: System, mixed: dict[str, Any]) -> None:
    counts = {status: len(system.items(mixed, status=status, limit=3)) for status in ("created", "failed", "existing")}
    assert counts == {"created": 20, "failed": 5, "existing": 0}
    assert len(system.items(mixed, status="created,failed")) == 25
    assert system.items(mixed, status="unprocessed") == []
    assert system.client.get(mixed["links"]["items"], params={"limit": 25}).json()["next_cursor"] is None
    assert system.client.get(mixed["links"]["items"], params={"cursor": 10**18 - 1}).json()["items"] == []


def test_others_do_not_find_the_job(stranger: httpx.Client, mixed: dict[str, Any]) -> None:
    path = mixed["links"]["self"]
    for end in ("", "/items", "/results.csv", "/results.ndjson", "?wait=5"):
        answer = stranger.get(path + end, timeout=4)
        assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")
    assert mixed["id"] not in [job["id"] for job in stranger.get("/api/jobs?limit=1000").json()["items"]]


@pytest.mark.parametrize("job_id", ["0", "1", "x", "-1", "9" * 18, "9" * 19, "9" * 40, "%00", "1e3", "١"])
def test_a_job_that_never_was_is_not_found(system: System, job_id: str) -> None:
    for end in ("", "/items", "/results.csv"):
        answer = system.client.get(f"/api/jobs/{job_id}{end}")
        assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")


def test_a_large_file_is_cut_by_workers_and_keeps_its_order(system: System) -> None:
    rows = "".join(f'https://example.com/{row},"A, {row}"\n' for row in range(30_000))
    body = gzip.compress(f"url,title\n{rows}".encode())
    answer = system.post_csv(body, headers={"Content-Encoding": "gzip"})
    job = system.wait_for_job(answer)
    assert job["counts"]["created"] == 30_000
    page = system.client.get(job["links"]["items"], params={"cursor": 29_997, "limit": 5}).json()
    assert [(item["index"], item["line"], item["url"]) for item in page["items"]] == [
        (row, row + 2, f"https://example.com/{row}") for row in (29_998, 29_999)
    ]


def test_metadata_comes_back_as_it_was(system: System) -> None:
    metadata = {"a": {"b": [None, True, 1.5, "ü\0\n"]}, "": {}}
    job = waited(system, [{"url": "https://a.b"}], metadata=metadata)
    assert job["metadata"] == metadata
    assert json.loads(system.client.get(job["links"]["self"]).text)["metadata"] == metadata


def test_a_domain_is_chosen_by_hostname_or_id(system: System) -> None:
    hostname = system.url.removeprefix("http://")
    for domain in (hostname, hostname.upper(), system.key["domain_id"]):
        assert waited(system, [{"url": "https://a.b"}], domain=domain)["outcome"] == "succeeded"


def test_jobs_made_together_all_end(system: System) -> None:
    answers = [system.post_csv("url\n" + "https://a.b\n" * 50) for _ in range(10)]
    wait_until(lambda: all(job_if_ended(system.job(answer.json()["id"])) for answer in answers))
    assert sum(system.job(answer.json()["id"])["counts"]["created"] for answer in answers) == 500
