"""The commands on jobs: `jobs`, `watch`, `results`, `retry`, `cancel`, `undo`."""

import csv
import io
import json
import re
from typing import Any

import pytest

from tests import faults
from tests.linkmill.shell import linkmill
from tests.system import System

pytestmark = pytest.mark.parametrize("system", ["postgresql"], indirect=True)

WAIT = {"Prefer": "wait=30"}


@pytest.fixture
def job(system: System) -> dict[str, Any]:
    """One of two rows, of which one failed."""
    made: dict[str, Any] = system.post_csv("url\nhttps://commands.example\nnope\n", headers=WAIT).json()
    assert made["outcome"] == "partial"
    return made


def statuses(text: str) -> list[str]:
    return [row["status"] for row in csv.DictReader(io.StringIO(text))]


def test_jobs_are_listed_for_people_and_for_programs(system: System, job: dict[str, Any]) -> None:
    table = linkmill(system, "jobs", "--limit", 1).stdout.splitlines()
    assert table[0].split()[:4] == ["id", "kind", "status", "outcome"]
    assert table[1].split()[:6] == [job["id"], "create", "completed", "partial", "2", "1"]
    assert json.loads(linkmill(system, "jobs", "--limit", 1, "--json").stdout) == [job]
    assert job["id"] not in linkmill(system, "jobs", "--status", "cancelled").stdout


def test_results_are_all_rows_or_those_asked_for(system: System, job: dict[str, Any]) -> None:
    assert statuses(linkmill(system, "results", job["id"]).stdout) == ["created", "failed"]
    failed = linkmill(system, "results", job["id"], "--failed")
    assert (failed.returncode, statuses(failed.stdout)) == (0, ["failed"])
    assert statuses(linkmill(system, "results", job["id"], "--unprocessed").stdout) == []


def test_results_have_clicks_where_they_are_asked_for(system: System, job: dict[str, Any]) -> None:
    (created, _) = csv.DictReader(io.StringIO(linkmill(system, "results", job["id"], "--clicks").stdout))
    assert (created["clicks"], created["first_click"]) == ("0", "")
    never = linkmill(system, "results", job["id"], "--never-clicked").stdout
    assert statuses(never) == ["created"]
    assert statuses(linkmill(system, "results", job["id"], "--clicked").stdout) == []


def test_a_job_that_has_ended_is_seen_once(system: System, job: dict[str, Any]) -> None:
    done = linkmill(system, "watch", job["id"])
    assert (done.returncode, done.stdout) == (1, "")
    end, advice = done.stderr.splitlines()
    assert end.startswith(f"job {job['id']} completed: 1 created, 1 failed; 1 INVALID_URL; ")
    assert re.search(r"; [\d.]+ s, \d+/s$", end)
    assert advice == f"next: linkmill results {job['id']} --failed"


def test_a_job_is_tried_again_and_undone(system: System, job: dict[str, Any]) -> None:
    retried = linkmill(system, "retry", job["id"], "--json")
    assert (retried.returncode, json.loads(retried.stdout)["run"]) == (1, 2)
    undone = linkmill(system, "undo", job["id"])
    assert (undone.returncode, undone.stdout) == (0, "")
    assert "1 deleted" in undone.stderr
    assert system.client.get("/api/links", params={"job": job["id"]}).json()["items"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["watch", "1"], "There is no such job. (404 NOT_FOUND)"),
        (["results", "1", "--out", "r.csv"], "There is no such job. (404 NOT_FOUND)"),
        (["results", "../me"], "(404 NOT_FOUND)"),
        (["retry", "1"], "There is no such job. (404 NOT_FOUND)"),
        (["push"], "Missing argument 'FILE'"),
        (["pull"], "No such command 'pull'"),
    ],
)
def test_what_cannot_be_done_is_said(system: System, words: list[str], said: str) -> None:
    done = linkmill(system, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_what_has_ended_cannot_be_cancelled_and_what_runs_can(system: System, job: dict[str, Any]) -> None:
    refused = linkmill(system, "cancel", job["id"])
    assert refused.returncode == 2
    assert "(409 CONFLICT)" in refused.stderr
    with faults.suspended(faults.find_process(system, "bulk")):
        running = system.post({"url": "https://a.example", "count": 2000}).json()
        done = linkmill(system, "cancel", running["id"], "--json")
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "cancelled")
    assert statuses(linkmill(system, "results", running["id"], "--unprocessed").stdout) == ["unprocessed"] * 2000
