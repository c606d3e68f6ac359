"""What becomes of a job when its time is over, or when it is forgotten, on whole systems."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.system import System
from tests.waiting import wait_until

GONE_WITH_IT = ("items", "results.csv", "results.ndjson", "qr.zip")
NOTHING_LEFT = ("items", "shards", "deliveries")


def made(system: System, rows: int, name: str, **query: str) -> dict[str, Any]:
    body = "url\n" + "".join(f"https://{name}.example/{row}\n" for row in range(rows)) + "nope\n"
    return system.wait_for_job(system.post_csv(body, params=query))


def let_pass(system: System, job: dict[str, Any], days: int) -> None:
    """Makes a job as old as that."""
    past = "datetime('now', '-{} days')" if "sqlite" in system.database_url else "now() - interval '{} days'"
    system.sql(f"UPDATE jobs SET finished_at = {past.format(days)} WHERE id = {job['id']}")


def get(system: System, job: dict[str, Any], part: str = "") -> httpx.Response:
    return system.client.get(f"{job['links']['self']}{part and '/'}{part}")


def left(system: System, job: dict[str, Any]) -> list[int]:
    return [system.sql(f"SELECT count(*) FROM {table} WHERE job_id = {job['id']}")[0][0] for table in NOTHING_LEFT]


def upload(system: System, job: dict[str, Any]) -> Path:
    return system.data_dir / "uploads" / str(system.sql(f"SELECT upload FROM jobs WHERE id = {job['id']}")[0][0])


def test_a_job_whose_time_is_over_keeps_its_counts_and_its_links_and_nothing_else(system: System) -> None:
    job = made(system, 60_000, "over")
    file, link = upload(system, job), system.items(job)[0]["short_url"]
    assert file.stat().st_size > 1_000_000
    let_pass(system, job, 31)
    wait_until(lambda: system.job(job["id"])["cleared_at"])
    for part in GONE_WITH_IT:
        answer = get(system, job, part)
        assert (answer.status_code, answer.json()["code"]) == (410, "GONE"), part
    for verb in ("retry", "undo"):
        assert system.client.post(f"{job['links']['self']}/{verb}").status_code == 410
    wait_until(lambda: left(system, job) == [0, 0, 0])
    wait_until(lambda: not file.exists())
    shown = system.job(job["id"])
    assert {name: shown[name] for name in ("counts", "errors", "status", "outcome")} == {
        name: job[name] for name in ("counts", "errors", "status", "outcome")
    }
    assert job["id"] in [row["id"] for row in system.client.get("/api/jobs").json()["items"]]
    assert system.client.get("/api/links", params={"job": job["id"]}).status_code == 410
    assert get(system, job, "stats").json()["clicks"] == 0
    assert httpx.get(link).status_code == 302
    assert system.sql(f"SELECT count(*) FROM links WHERE job_id = {job['id']}") == [(60_000,)]


def test_a_job_in_its_time_is_kept(system: System) -> None:
    job = made(system, 3, "kept")
    over = made(system, 3, "later")
    let_pass(system, job, 29)
    let_pass(system, over, 31)
    wait_until(lambda: system.job(over["id"])["cleared_at"])
    assert system.job(job["id"])["cleared_at"] is None
    assert len(system.items(job)) == 4
    assert upload(system, job).is_file()


def test_a_job_that_is_forgotten_is_nowhere_and_its_links_are_there(system: System) -> None:
    job = made(system, 20, "forgotten")
    file, link = upload(system, job), system.items(job)[0]["short_url"]
    assert system.client.delete(job["links"]["self"]).status_code == 204
    for part in ("", "stats", "deliveries", *GONE_WITH_IT):
        assert get(system, job, part).status_code == 404, part
    for verb in ("cancel", "retry", "undo"):
        assert system.client.post(f"{job['links']['self']}/{verb}").status_code == 404
    assert system.client.delete(job["links"]["self"]).status_code == 404
    assert job["id"] not in [row["id"] for row in system.client.get("/api/jobs").json()["items"]]
    wait_until(lambda: not system.sql(f"SELECT 1 FROM jobs WHERE id = {job['id']}"))
    assert (left(system, job), file.exists()) == ([0, 0, 0], False)
    assert httpx.get(link).status_code == 302


def test_a_job_that_is_cleared_can_still_be_forgotten(system: System) -> None:
    job = made(system, 3, "both")
    let_pass(system, job, 31)
    wait_until(lambda: system.job(job["id"])["cleared_at"])
    assert system.client.delete(job["links"]["self"]).status_code == 204
    wait_until(lambda: not system.sql(f"SELECT 1 FROM jobs WHERE id = {job['id']}"))


def test_nobody_forgets_a_job_that_is_open_or_being_undone(system: System) -> None:
    job = made(system, 50, "undone")
    undoing = system.client.post(f"{job['links']['self']}/undo").raise_for_status()
    for open_job in (job, undoing.json()):
        answer = system.client.delete(open_job["links"]["self"])
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    undone = system.wait_for_job(undoing)
    assert undone["counts"]["deleted"] == 50
    assert system.client.delete(job["links"]["self"]).status_code == 204
    assert len(system.items(undone)) == 50


def test_a_job_is_kept_while_its_webhook_is_still_to_be_sent(system: System) -> None:
    job = made(system, 3, "told", webhook_url="http://127.0.0.1:9/nobody")
    let_pass(system, job, 31)
    other = made(system, 3, "silent")
    let_pass(system, other, 31)
    wait_until(lambda: system.job(other["id"])["cleared_at"])
    assert system.job(job["id"])["cleared_at"] is None
    assert system.client.delete(job["links"]["self"]).status_code == 204
    wait_until(lambda: not system.sql(f"SELECT 1 FROM deliveries WHERE job_id = {job['id']}"))


def test_another_workspaces_job_is_not_there_to_forget(system: System) -> None:
    assert system.client.delete("/api/jobs/123").status_code == 404


@pytest.mark.parametrize("verb", ["items", "results.csv", "qr.zip", "stats"])
def test_what_is_not_there_has_nothing(system: System, verb: str) -> None:
    assert system.client.get(f"/api/jobs/123/{verb}").status_code == 404
