"""Webhooks as their users meet them: endpoints, a receiver from the docs, deliveries, and what is refused."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from models import store
from models.accounts import keys
from models.accounts.keys import Owner
from tests import ROOT
from tests.shared_app import shared_app
from tests.system import System, free_port
from tests.waiting import wait_until
from tests.workers.chores.receiver import receiving

DOCS = (ROOT / "docs" / "webhooks.md").read_text()
ONE = {"links": [{"url": "https://example.com/"}]}
PRIVATE = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://[::1]/",
    "http://169.254.169.254/latest",
    "http://10.0.0.1/",
]
WRONG = ["ftp://example.com/", "https://user:pw@example.com/", "nonsense", "http://example.com:22/", *PRIVATE]


def subscribe(system: System, url: str, **more: Any) -> dict[str, Any]:
    made = system.post({"url": url, **more}, "/api/webhooks")
    assert made.status_code == 201, made.text
    return dict(made.json())


def deliveries(system: System, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.client.get(f"{path}/deliveries").raise_for_status().json()["items"]
    return found


def settled(system: System, path: str, count: int = 1) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]] | None:
        found = deliveries(system, path)
        return found if len(found) == count and all(one["status"] != "pending" for one in found) else None

    return wait_until(look, what=f"{count} deliveries of {path}")


def receiver_of(language: str, folder: Path) -> list[str]:
    """The command of the docs' own receiver."""
    found = re.search(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)
    assert found, language
    name = "receiver.py" if language == "python" else "receiver.js"
    (folder / name).write_text(found[1])
    assert len([line for line in found[1].splitlines() if line.strip()]) <= 15
    if language == "python":
        return [sys.executable, name]
    npm = ["npm", "install", "--no-audit", "--no-fund", "--silent", "standardwebhooks@1.1.1"]
    subprocess.run(npm, cwd=folder, check=True, timeout=100)
    return ["node", name]


@contextmanager
def listening(command: list[str], folder: Path, secret: str, port: int) -> Iterator[Path]:
    said = folder / "said.txt"
    environment = os.environ | {"WEBHOOK_SECRET": secret, "PORT": str(port)}
    with said.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out)
    try:
        wait_until(lambda: answers(port), what="the receiver to listen")
        yield said
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


LANGUAGES = ["python", *(["js"] if shutil.which("node") and shutil.which("npm") else [])]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_receivers_of_the_docs_verify_what_they_get(system: System, tmp_path: Path, language: str) -> None:
    port = free_port()
    endpoint = subscribe(system, f"http://127.0.0.1:{port}/hook")
    with listening(receiver_of(language, tmp_path), tmp_path, endpoint["secret"], port) as said:
        job = system.wait_for_job(system.post(ONE))
        wait_until(lambda: f"job.completed {job['id']}" in said.read_text(), what="the receiver to have heard")
        (delivery,) = settled(system, f"/api/webhooks/{endpoint['id']}")
    assert (delivery["status"], delivery["attempts"][0]["status_code"]) == ("delivered", 204)
    assert system.client.delete(f"/api/webhooks/{endpoint['id']}").status_code == 204


def test_a_wrong_secret_is_noticed_by_the_receiver(system: System, tmp_path: Path) -> None:
    port = free_port()
    with listening(receiver_of("python", tmp_path), tmp_path, "whsec_d3Jvbmc=", port):
        job = system.wait_for_job(system.post(ONE | {"webhook_url": f"http://127.0.0.1:{port}/"}))
        path = f"/api/jobs/{job['id']}"
        # The attempts are read after the delivery, so they may be newer.
        (delivery,) = wait_until(
            lambda: [one for one in deliveries(system, path) if one["attempts"] and one["next_attempt_at"]],
            20,
            "a first attempt and the time of the next",
        )
    assert (delivery["status"], delivery["attempts"][0]["status_code"]) == ("pending", 400)


def test_an_endpoint_is_shown_changed_tested_and_removed(system: System) -> None:
    with receiving() as receiver:
        endpoint = subscribe(system, f"{receiver.url}/a", events=["job.failed"])
        path = f"/api/webhooks/{endpoint['id']}"
        shown = system.client.get(path).json()
        assert "secret" not in shown
        assert (shown["url"], shown["events"], shown["disabled"]) == (f"{receiver.url}/a", ["job.failed"], False)
        assert endpoint["id"] in [one["id"] for one in system.client.get("/api/webhooks").json()["items"]]
        assert system.client.patch(path, json={"url": f"{receiver.url}/b"}).json()["url"] == f"{receiver.url}/b"
        assert system.client.post(f"{path}/test").status_code == 202
        (delivery,) = settled(system, path)
        assert (delivery["type"], delivery["status"], receiver.calls[0].path) == ("webhook.test", "delivered", "/b")
        assert delivery["attempts"][0]["answer"] == "thank you"
        assert system.client.post(f"{path}/rotate").json()["secret"] != endpoint["secret"]
        assert system.client.patch(path, json={"disabled": True}).json()["disabled_reason"] == "by hand"
        assert not system.client.patch(path, json={"disabled": False}).json()["disabled"]
        assert system.client.delete(path).status_code == 204
        assert system.client.get(path).status_code == 404


def test_a_delivery_is_sent_again_by_hand_under_its_own_id(system: System) -> None:
    with receiving() as receiver:
        receiver.statuses = [500]
        job = system.wait_for_job(system.post(ONE | {"webhook_url": receiver.url}))
        path = f"/api/jobs/{job['id']}"
        (delivery,) = wait_until(lambda: [one for one in deliveries(system, path) if one["attempts"]], 20)
        assert system.client.post(f"/api/deliveries/{delivery['id']}/redeliver").status_code == 202
        (again,) = settled(system, path)
    assert again["status"] == "delivered"
    assert [tried["status_code"] for tried in again["attempts"]] == [500, 200]
    assert {call.headers["webhook-id"] for call in receiver.calls} == {delivery["webhook_id"]}


def test_a_receiver_that_hangs_delays_no_other_and_no_job(system: System) -> None:
    with receiving() as slow, receiving() as quick:
        slow.hold.clear()
        for _ in range(4):
            system.wait_for_job(system.post(ONE | {"webhook_url": f"{slow.url}/slow"}))
        wait_until(lambda: slow.calls, 10)
        job = system.wait_for_job(system.post(ONE | {"webhook_url": f"{quick.url}/quick"}), 5)
        host_of_its_own = wait_until(lambda: [*quick.calls, *slow.calls][-1], 10)
        assert host_of_its_own
        assert slow.most_at_once <= 2
        slow.hold.set()
        settled(system, f"/api/jobs/{job['id']}")
    assert quick.calls


@pytest.fixture
def guarded(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The application without ALLOW_PRIVATE_TARGETS, and a key for it."""
    with store.write() as db:
        token = keys.create(db, "default", "enterprise", "guarded", ["read", "write"])["token"]
    client = shared_app().test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def test_targets_that_are_not_public_are_refused_when_they_are_named(guarded: Any) -> None:
    for url in WRONG:
        made = guarded.post("/api/webhooks", json={"url": url})
        assert (made.status_code, made.json["code"], made.json["errors"][0]["pointer"]) == (422, "BAD_TARGET", "/url")
        made = guarded.post("/api/jobs", json=ONE | {"webhook_url": url})
        assert (made.status_code, made.json["code"]) == (422, "BAD_TARGET"), url
        assert made.json["errors"][0]["pointer"] == "/webhook_url"
    assert guarded.get("/api/jobs").json["items"] == []


def test_wrong_endpoints_are_told_what_is_wrong(system: System) -> None:
    assert system.post({}, "/api/webhooks").json()["errors"][0]["pointer"] == "/url"
    assert system.post({"url": "https://example.com/", "events": ["job.eaten"]}, "/api/webhooks").status_code == 422
    assert system.post({"url": "https://example.com/", "colour": 1}, "/api/webhooks").status_code == 422
    assert system.client.post("/api/deliveries/123/redeliver").status_code == 404
