"""Dry runs: every row has its result, and nothing is there afterwards that was not there before."""

import csv
import io
import json
from typing import Any

from tests.system import System
from tests.waiting import wait_until
from tests.workers.chores.receiver import receiving

WAIT = {"Prefer": "wait=30"}
DRY = {"dry_run": "true"}
MADE = ("links", "tags", "link_tags", "urls")


def rehearsed(system: System, body: str, **options: str) -> dict[str, Any]:
    job: dict[str, Any] = system.wait_for_job(system.post_csv(body, params=DRY | options))
    assert job["dry_run"] is True
    return job


def outcomes(system: System, job: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    return [(item["status"], item["slug"], item["error"] and item["error"]["code"]) for item in system.items(job)]


def there(system: System) -> list[Any]:
    return [system.sql(f"SELECT count(*) FROM {table}") for table in MADE] + [
        system.sql("SELECT coalesce(sum(next_value), 0) FROM slug_counters"),
    ]


def test_a_dry_run_tells_what_would_become_of_each_row_and_makes_nothing(system: System) -> None:
    system.post({"url": "https://a.b/there", "slug": "dry-there", "external_id": "dry-e"}, "/api/links")
    body = (
        "url,slug,external_id,tags,password,utm_source\n"
        "https://a.b/1,,,dry-tag,hunter2,news\n"
        "https://a.b/2,dry-mine,,,,\n"
        "https://a.b/3,dry-there,,,,\n"
        "https://a.b/4,dry-mine,,,,\n"
        "https://a.b/5,,dry-e,,,\n"
        "nope,,,,,\n"
    )
    before = there(system)
    job = rehearsed(system, body, fetch_titles="true")
    assert there(system) == before
    assert system.sql(f"SELECT * FROM untitled WHERE job_id = {job['id']}") == []
    assert outcomes(system, job) == [
        ("created", None, None),
        ("created", "dry-mine", None),
        ("failed", None, "SLUG_TAKEN"),
        ("failed", None, "SLUG_TAKEN"),
        ("existing", "dry-there", None),
        ("failed", None, "INVALID_URL"),
    ]
    assert (job["status"], job["outcome"]) == ("completed", "partial")
    assert (job["counts"]["created"], job["counts"]["existing"], job["counts"]["failed"]) == (2, 1, 3)
    assert job["errors"] == {"SLUG_TAKEN": 2, "INVALID_URL": 1}
    urls = [item["url"] for item in system.items(job)]
    assert urls[:2] == ["https://a.b/1?utm_source=news", "https://a.b/2"]
    assert urls[4:] == ["https://a.b/there", "nope"]
    assert "hunter2" not in str(system.sql(f"SELECT * FROM items WHERE job_id = {job['id']}"))
    assert system.client.get("/dry-mine").status_code == 404


def test_its_results_can_be_fetched_like_any_others(system: System) -> None:
    job = rehearsed(system, "url,slug\nhttps://a.b/1,\nhttps://a.b/2,dry-result\nnope,\n")
    text = system.client.get(job["links"]["results"]).raise_for_status().text
    rows = [(row["url"], row["status"], row["result_slug"]) for row in csv.DictReader(io.StringIO(text))]
    assert rows == [
        ("https://a.b/1", "created", ""),
        ("https://a.b/2", "created", "dry-result"),
        ("nope", "failed", ""),
    ]


def test_what_stands_twice_in_the_file_is_found_however_far_apart(system: System) -> None:
    total = system.rows_of(shards=3, most=60_000)
    rows = [f"https://a.b/{row},dry-far-{row},dry-id-{row}" for row in range(total)]
    rows[-2] = "https://a.b/slug,dry-far-7,"
    rows[-1] = "https://a.b/id,,dry-id-8"
    job = rehearsed(system, "url,slug,external_id\n" + "\n".join(rows) + "\n")
    counts = job["counts"]
    assert (counts["created"], counts["existing"], counts["failed"]) == (total - 2, 1, 1)
    assert (job["outcome"], job["errors"]) == ("partial", {"SLUG_TAKEN": 1})
    last = system.client.get(job["links"]["items"], params={"cursor": str(total - 3)}).json()["items"]
    assert [(item["status"], item["slug"], item["url"]) for item in last] == [
        ("failed", None, "https://a.b/slug"),
        ("existing", "dry-far-8", "https://a.b/id"),
    ]
    assert last[0]["error"] == {"code": "SLUG_TAKEN", "message": "Custom slug 'dry-far-7' is already in use"}
    first = system.client.get(job["links"]["items"], params={"limit": "9"}).json()["items"]
    assert {item["status"] for item in first} == {"created"}


def test_a_dry_run_can_be_asked_for_in_json_and_gives_what_the_run_gives(system: System) -> None:
    rows = [{"url": "https://a.b", "slug": "dry-twin"}, {"url": "https://a.b", "slug": "dry-twin"}, {"url": "x"}]
    found = [system.post({"links": rows, "dry_run": dry}, headers=WAIT).json() for dry in (True, False)]
    assert [job["dry_run"] for job in found] == [True, False]
    assert found[0]["counts"] == found[1]["counts"]
    assert outcomes(system, found[0]) == outcomes(system, found[1])


def test_there_is_nothing_to_retry_or_undo(system: System) -> None:
    job = rehearsed(system, "url\nhttps://a.b\nnope\n")
    for verb in ("retry", "undo"):
        assert system.client.post(f"{job['links']['self']}/{verb}").status_code == 409


def test_a_dry_run_can_be_cancelled(system: System) -> None:
    rows = system.rows_of(shards=8, most=150_000)
    job = system.post_csv("url\n" + "https://a.b/\n" * rows, params=DRY).raise_for_status().json()
    assert system.client.post(f"{job['links']['self']}/cancel").status_code == 202
    counts = system.wait_for_job(system.client.get(job["links"]["self"]))["counts"]
    assert counts["created"] + counts["unprocessed"] == rows
    assert system.sql("SELECT count(*) FROM links WHERE job_id = " + job["id"]) == [(0,)]


def test_its_end_is_called_out_as_that_of_a_dry_run(system: System) -> None:
    with receiving() as receiver:
        job = rehearsed(system, "url,slug\nhttps://a.b,dry-hook\n", webhook_url=receiver.url)
        wait_until(lambda: receiver.calls, what="the webhook")
        data = json.loads(receiver.calls[0].body)["data"]
    assert (data["id"], data["dry_run"], data["counts"]["created"]) == (job["id"], True, 1)
