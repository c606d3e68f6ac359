"""Log lines: what they are about, and what is never in them."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from producer.telemetry import logs
from runner import broker
from tests.fixtures.databases import new_database_url
from tests.fixtures.systems import StartSystem
from tests.system import System, free_port
from tests.waiting import wait_until
from tests.workers.chores.receiver import receiving

CANARY = "canary-9f2b"
ALIKE = "url,slug,password,title\n"


def lines(system: System, process: str = "") -> list[dict[str, Any]]:
    """What has been logged as JSON, of one process or of all."""
    logged = [json.loads(line) for line in system.log().splitlines() if line.startswith("{")]
    return [line for line in logged if line["process"].startswith(process)]


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_request_can_be_followed_into_the_workers_lines(system: System) -> None:
    answer = system.post_csv("url\nhttps://example.com/a\n", headers={"X-Request-ID": "order-77"})
    job = system.wait_for_job(answer)
    assert answer.headers["X-Request-ID"] == "order-77"
    about = wait_until(lambda: [line for line in lines(system) if line.get("job") == job["id"]][2:] and lines(system))
    mine = {line["event"].split("[")[0]: line for line in about if line.get("job") == job["id"]}
    assert set(mine) == {"job_accepted", "job_ended", "Task create"}
    assert {line["request_id"] for line in mine.values()} == {"order-77"}
    assert mine["job_ended"]["end"] == ["create", "completed", "succeeded"]
    assert mine["Task create"]["task"] == "create"


@pytest.mark.parametrize("path", ["/healthz", "/nowhere-at-all", "/api/jobs", "/", "/metrics"])
@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "<script>", "a\tb"])
@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_request_without_a_sane_id_gets_a_new_one(system: System, path: str, given: str) -> None:
    answers = [httpx.get(system.url + path, headers={"X-Request-ID": given}) for _ in range(2)]
    first, second = (answer.headers.get_list("X-Request-ID") for answer in answers)
    assert len(first) == 1
    assert logs.REQUEST_ID_PATTERN.fullmatch(first[0])
    assert first != second
    assert given not in first


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_short_link_answers_with_one_too(system: System) -> None:
    slug = system.post({"url": "https://example.com/"}, "/api/links").json()["slug"]
    answer = httpx.get(f"{system.url}/{slug}", headers={"X-Request-ID": "visit-1"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (302, "visit-1")


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_every_line_is_json_and_has_its_process(system: System) -> None:
    system.wait_for_job(system.post_csv("url\nhttps://example.com/a\n"))
    on_stdout = ("ready ", "the first API key is in ")
    written = [line for line in system.log().splitlines() if not line.startswith(on_stdout)]
    parsed = [json.loads(line) for line in written]
    assert {line["process"] for line in parsed} >= {"broker", "web", "interactive"}
    assert all({"process", "event", "level", "timestamp"} <= set(line) for line in parsed)


@contextmanager
def valkey(password: str, folder: Path) -> Iterator[str]:
    port = free_port()
    options = ["--port", str(port), "--requirepass", password, "--dir", str(folder), "--save", ""]
    server = subprocess.Popen([broker.find_program(), *options], stdout=subprocess.DEVNULL)
    yield f"redis://:{password}@127.0.0.1:{port}/0"
    server.terminate()
    server.wait(10)


def test_no_secret_is_in_any_line_nor_in_flower_nor_in_arguments(
    start_system: StartSystem, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = new_database_url("postgresql", tmp_path, request).replace("postgres@", f"postgres:{CANARY}-db@")
    flower = ("ops", f"{CANARY}-flower")
    with valkey(f"{CANARY}-redis", tmp_path) as redis, receiving() as receiver:
        given = {"REDIS_URL": redis, "FLOWER_BASIC_AUTH": ":".join(flower), "ALLOW_PRIVATE_TARGETS": "1"}
        with start_system(tmp_path, database, flower=True, **given) as system:
            receiver.statuses += [500]
            go_wrong(system, receiver.url)
            url = f"http://127.0.0.1:{system.environment['FLOWER_PORT']}"
            shown = [httpx.get(url + path, auth=flower).raise_for_status().text for path in ("/api/tasks", "/broker")]
            assert '"state": "FAILURE"' in shown[0]
            assert "interactive" in httpx.get(f"{url}/api/queues/length", auth=flower).raise_for_status().text
            family = psutil.Process(system.process.pid).children(recursive=True)
            shown += [" ".join(process.cmdline()) for process in family]
            secrets = [system.key[name] for name in ("token", "consumer_key", "consumer_secret", "webhook_secret")]
        log = system.log()
    for name in (
        "unexpected_error",
        "task_failed",
        "CheckViolation 23514 ck_canary",
        "job_accepted",
        "models/links/labels.py",
    ):
        assert name.replace(CANARY, "") in log, name
    for secret in [f"{CANARY}-", *secrets]:
        found = [line for line in [*log.splitlines(), *shown] if secret in line]
        assert not found, found


def go_wrong(system: System, receiver: str) -> None:
    """Requests with a secret in every place where one can be, of which many fail."""
    client, hidden = system.client, f"{CANARY}-sent"
    headers = {"Cookie": f"session={hidden}", "Idempotency-Key": hidden, "X-Request-ID": f"<{hidden}>"}
    client.post(
        "/api/jobs", json={"url": "https://example.com", "count": 1}, headers={"Authorization": f"Bearer {hidden}"}
    )
    for target in (
        f"http://user:{hidden}@127.0.0.1/",
        f"http://127.0.0.1:1/?token={hidden}",
        f"{receiver}/?key={hidden}",
    ):
        client.post(
            "/api/jobs", json={"url": "https://example.com", "count": 1, "webhook_url": target}, headers=headers
        )
    client.post("/api/webhooks", json={"url": f"{receiver}/{hidden}-endpoint", "events": ["job.completed"]})
    client.post("/api/jobs", content=f'{{"links": "{hidden}', headers={"Content-Type": "application/json"})
    system.sql("ALTER TABLE links ADD CONSTRAINT ck_canary CHECK (title NOT LIKE 'canary%')")
    row = f"https://example.com/?sig={hidden},,{hidden}-password,{hidden}\n"
    failed = system.wait_for_job(system.post_csv(ALIKE + row, headers=headers | {"Idempotency-Key": f"{hidden}-2"}))
    assert failed["errors"] == {"INTERNAL": 1}
    system.sql("ALTER TABLE groups RENAME TO gone")
    for path in (f"/api/groups?secret={hidden}", f"/api/links?search={hidden}"):
        client.get(path, headers=headers)
    client.post("/api/groups", json={"name": hidden}, headers=headers)
    system.sql("ALTER TABLE keys RENAME TO lost")
    assert client.get("/api/me", headers=headers).status_code == 500
    wait_until(lambda: "unexpected_error" in system.log())
