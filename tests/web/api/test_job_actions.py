"""Cancel, retry and undo, on whole systems."""

import csv
import io
from typing import Any

import httpx
import pytest

from tests.system import System, job_if_ended
from tests.waiting import wait_until

OPEN_COUNTS = ("created", "existing", "failed", "unprocessed")


def many(system: System) -> int:
    """The number of rows that two workers do not finish before they are cancelled."""
    return system.rows_of(shards=16, most=200_000)


def rows(count: int, name: str) -> str:
    return "url,external_id\n" + "".join(f"https://{name}.example/{row},{name}-{row}\n" for row in range(count))


def do(system: System, job: dict[str, Any], verb: str) -> httpx.Response:
    return system.client.post(f"{job['links']['self']}/{verb}")


def results(system: System, job: dict[str, Any], **query: str) -> list[dict[str, str]]:
    text = system.client.get(job["links"]["results"], params=query).raise_for_status().text
    return list(csv.DictReader(io.StringIO(text)))


def test_a_cancelled_job_keeps_what_is_done_and_a_retry_does_the_rest_once(system: System) -> None:
    total = many(system)
    job = system.post_csv(rows(total, "cancelled")).json()
    mine = f"WHERE job_id = {job['id']}"
    wait_until(lambda: system.job(job["id"])["counts"]["created"], 60, "the first shard")
    asked = do(system, job, "cancel")
    assert asked.status_code == 202
    job = wait_until(lambda: job_if_ended(system.job(job["id"])), 100)
    counts = job["counts"]
    assert (job["status"], job["outcome"], counts["total"]) == ("cancelled", "partial", total)
    assert 0 < counts["created"] < total
    assert sum(counts[name] for name in OPEN_COUNTS) == total
    assert system.sql(f"SELECT count(*) FROM links {mine}") == [(counts["created"],)]
    found = results(system, job)
    assert [row["status"] for row in found].count("unprocessed") == counts["unprocessed"]
    assert len(found) == total
    assert do(system, job, "cancel").status_code == 202
    left = system.client.get(job["links"]["items"], params={"status": "unprocessed", "limit": 5}).json()["items"]
    assert [(item["status"], item["short_url"], item["error"]) for item in left] == [("unprocessed", None, None)] * 5
    assert all(item["url"] == f"https://cancelled.example/{item['index']}" for item in left)
    assert all(item["external_id"] == f"cancelled-{item['index']}" for item in left)

    again = do(system, job, "retry")
    assert (again.status_code, again.json()["run"], again.json()["status"] in ("queued", "running")) == (202, 2, True)
    job = wait_until(lambda: job_if_ended(system.job(job["id"])), 100)
    assert (job["status"], job["outcome"], job["counts"]["created"]) == ("completed", "succeeded", total)
    assert system.sql(f"SELECT count(*), count(DISTINCT external_id) FROM links {mine}") == [(total, total)]
    assert system.sql(f'SELECT count(*), min("index"), max("index") FROM items {mine}') == [(total, 0, total - 1)]


def test_a_job_that_nobody_has_begun_is_cancelled_at_once(system: System) -> None:
    total = many(system)
    first = system.post_csv(rows(system.rows_of(shards=3, most=60_000), "first")).json()
    second = system.post_csv(rows(100, "second"), params={"metadata": '{"a": 1}'}).json()
    third = system.post_csv(rows(total, "third")).json()
    do(system, third, "cancel")
    job = wait_until(lambda: job_if_ended(system.job(third["id"])), 100)
    assert (job["status"], job["counts"]["total"]) == ("cancelled", total)
    for job in (first, second):
        assert wait_until(lambda: job_if_ended(system.job(job["id"])), 100)["outcome"] == "succeeded"  # noqa: B023


def test_a_retry_runs_only_what_failed_and_the_last_outcome_counts(system: System) -> None:
    taken = system.post({"url": "https://a.b", "slug": "retry-1"}, "/api/links").json()
    body = "url,slug,note\nhttps://a.b/0,retry-0,x\nhttps://a.b/1,retry-1,=y\nnope,,z\nhttps://a.b/3,,w\n"
    job = system.wait_for_job(system.post_csv(body))
    assert (job["outcome"], job["errors"]) == ("partial", {"SLUG_TAKEN": 1, "INVALID_URL": 1})
    before = [row["slug"] for row in results(system, job)]
    for run in (2, 3):
        again = do(system, job, "retry").raise_for_status().json()
        assert again["run"] == run
        job = wait_until(lambda: job_if_ended(system.job(job["id"])))  # noqa: B023
        assert (job["counts"]["created"], job["errors"]) == (2, {"SLUG_TAKEN": 1, "INVALID_URL": 1})
    assert [row["slug"] for row in results(system, job)] == before
    assert system.client.delete(f"/api/links/{taken['id']}").status_code == 204
    do(system, job, "retry").raise_for_status()
    job = wait_until(lambda: job_if_ended(system.job(job["id"])))
    assert (job["run"], job["counts"]["created"], job["errors"]) == (4, 3, {"INVALID_URL": 1})
    assert [row["status"] for row in results(system, job)] == ["created", "created", "failed", "created"]
    assert [row["slug"] for row in results(system, job)][:1] == before[:1]
    assert [row["note"] for row in results(system, job)] == ["x", "'=y", "z", "w"]
    assert len(system.sql(f"SELECT 1 FROM links WHERE job_id = {job['id']}")) == 3


def test_there_is_nothing_to_retry_where_every_item_has_its_link(system: System) -> None:
    job = system.wait_for_job(system.post_csv(rows(3, "all")))
    refused = do(system, job, "retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "CONFLICT")
    assert system.job(job["id"])["status"] == "completed"
    assert do(system, job, "cancel").status_code == 409


def test_undo_deletes_what_nobody_clicked_and_tells_what_it_kept(system: System) -> None:
    job = system.wait_for_job(system.post_csv(rows(50, "undo")))
    items = system.items(job)
    for item in items[:3]:
        assert httpx.get(item["short_url"], headers={"User-Agent": "Mozilla/5.0 Firefox"}).status_code == 302
    reused = items[10]["slug"]
    found = system.client.get("/api/links", params={"search": items[10]["url"]}).json()["items"]
    assert system.client.delete(f"/api/links/{found[0]['id']}").status_code == 204
    system.post({"url": "https://other.example", "slug": reused}, "/api/links").raise_for_status()

    answer = do(system, job, "undo")
    assert (answer.status_code, answer.headers["Location"]) == (202, answer.json()["links"]["self"])
    undone = system.wait_for_job(answer)
    assert (undone["kind"], undone["status"], undone["outcome"]) == ("undo", "completed", "succeeded")
    assert (undone["counts"]["deleted"], undone["counts"]["existing"], undone["counts"]["total"]) == (47, 3, 50)
    assert undone["counts"]["created"] == 0
    assert len(system.items(undone, status="deleted")) == 47
    assert [httpx.get(item["short_url"]).status_code for item in items[:4]] == [302, 302, 302, 404]
    assert httpx.get(items[10]["short_url"]).headers["Location"] == "https://other.example/"
    kept = system.items(undone, status="existing")
    assert [item["slug"] for item in kept] == [item["slug"] for item in items[:3]]
    assert [row["status"] for row in results(system, undone)].count("deleted") == 47
    assert len(results(system, undone, status="deleted")) == 47
    assert len(results(system, undone)) == 50
    assert do(system, undone, "undo").status_code == 409
    assert do(system, undone, "retry").status_code == 409


def test_a_job_that_runs_cannot_be_undone(system: System) -> None:
    job = system.post_csv(rows(many(system), "running")).json()
    assert do(system, job, "undo").status_code == 409
    do(system, job, "cancel")
    wait_until(lambda: job_if_ended(system.job(job["id"])), 100)


@pytest.mark.parametrize("verb", ["cancel", "retry", "undo"])
def test_what_is_not_there_is_not_found(system: System, verb: str) -> None:
    assert system.client.post(f"/api/jobs/123/{verb}").status_code == 404
