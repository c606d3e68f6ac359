"""Faults of clients: what they do, or what happens to them, in the middle of a job."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any
from uuid import uuid4

import httpx

from tests import ROOT
from tests.chaos.fault import Fault
from tests.chaos.processes import kill_tree
from tests.faults import csv_rows, find_process
from tests.system import System
from tests.waiting import wait_until

ROWS = 50_000
PLAN = "pro"
PLAN_LINKS = 10_000  # a day, on this plan
ANSWER_SECONDS = 30.0
HALF = 0.5

numbers = count(1)


def revoke_key(system: System) -> None:
    """A key is revoked whose job runs."""
    key = system.client.post("/api/keys", json={"name": "short-lived"}).raise_for_status().json()
    authorization = {"Authorization": f"Bearer {key['token']}"}
    system.post_csv(csv_rows(ROWS), headers=authorization).raise_for_status()
    system.client.delete(f"/api/keys/{key['id']}").raise_for_status()
    assert system.client.get("/api/me", headers=authorization).status_code == 401


def reach_plan_limit(system: System) -> None:
    """A job has more rows than its plan has links left."""
    key = create_workspace(system)
    authorization = {"Authorization": f"Bearer {key['token']}"}
    job = system.post_csv(csv_rows(PLAN_LINKS + ROWS), headers=authorization).raise_for_status().json()
    wait_until(lambda: has_ended(system, job["id"]), ANSWER_SECONDS * 2, "the job to end")
    ((created,),) = system.sql(f"SELECT created FROM jobs WHERE id = {job['id']}")
    assert created == PLAN_LINKS


def create_workspace(system: System) -> dict[str, Any]:
    words = ["keys", "create", "--workspace", f"limited-{next(numbers)}", "--plan", PLAN, "--json"]
    command = [".venv/bin/flask", "--app", "web", *words]
    answer = subprocess.run(command, cwd=ROOT, env=system.environment, capture_output=True, check=True)
    key: dict[str, Any] = json.loads(answer.stdout)
    return key


def has_ended(system: System, job_id: str) -> bool:
    return bool(system.sql(f"SELECT 1 FROM jobs WHERE id = {job_id} AND finished_at IS NOT NULL"))


def kill_web_during_upload(system: System) -> None:
    """The client sends the file again, under the same key, until it has an answer; and once more."""
    headers = {"Idempotency-Key": uuid4().hex}
    with suppress(httpx.TransportError):
        system.post(half_and_kill(system), headers=headers | {"Content-Type": "text/csv"})
    first = wait_until(lambda: accepted(system, headers), ANSWER_SECONDS, "the upload to be accepted")
    assert wait_until(lambda: accepted(system, headers), ANSWER_SECONDS) == first


def half_and_kill(system: System) -> Iterator[bytes]:
    body = csv_rows(ROWS)
    half = int(len(body) * HALF)
    yield body[:half]
    kill_tree(find_process(system, "web"))
    yield body[half:]


def accepted(system: System, headers: dict[str, str]) -> str | None:
    try:
        response = system.post_csv(csv_rows(ROWS), headers=headers)
    except httpx.TransportError:
        return None
    return str(response.json()["id"]) if response.status_code == 202 else None


def cancel_and_retry(system: System) -> None:
    job = system.post_csv(csv_rows(ROWS)).raise_for_status().json()
    system.client.post(f"/api/jobs/{job['id']}/cancel").raise_for_status()
    wait_until(lambda: has_ended(system, job["id"]), ANSWER_SECONDS, "the job to end")
    if system.job(job["id"])["status"] == "cancelled":
        system.client.post(f"/api/jobs/{job['id']}/retry").raise_for_status()


FAULTS = (
    Fault("a key is revoked whose job runs", revoke_key),
    Fault("the plan's limit is reached within a job", reach_plan_limit),
    Fault("web is killed during an upload that is sent again", kill_web_during_upload),
    Fault("a job is cancelled and retried", cancel_and_retry),
)
