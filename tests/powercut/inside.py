"""A system inside this process, on a disk whose power is cut: the code that answers and the code that works."""

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from sqlalchemy import text

from models import settings, store
from models.states import ShardKind
from producer import outside
from producer.outside import Answer as WebhookAnswer
from producer.signals import broker, wakeups
from tests.fixtures.fake_redis import FakeRedis
from tests.fixtures.processes import process_environment
from tests.powercut.clients import Answer, Api, Send, receive_webhook
from tests.powercut.databases import DATA_DIR
from tests.powercut.ledger import Ledger
from tests.waiting import wait_until
from web import create_app
from web.ops.prepare import FIRST_KEY, prepare
from workers import sweep
from workers.chores import deliver
from workers.shards import attempts

IDLE_SECONDS = 0.002
FINISH_SECONDS = 30.0


@contextmanager
def system(disk: Path, url: str, ledger: Ledger) -> Iterator[Api]:
    """Start a system whose files are on a disk."""
    fake = FakeRedis()
    environment = {"DATA_DIR": str(disk / DATA_DIR), "DATABASE_URL": url}

    def receive(method: str, target: str, headers: dict[str, str], body: bytes) -> WebhookAnswer:
        receive_webhook(ledger, json.loads(body))
        return WebhookAnswer(200, {}, b"", 0.0)

    with process_environment(environment), pytest.MonkeyPatch.context() as patch:
        patch.setattr(broker, "client", lambda: fake.client)
        patch.setattr(wakeups, "send_task", lambda *_, **__: True)
        patch.setattr(outside, "check", lambda url, name: None)
        patch.setattr(outside, "call", receive)
        app = create_app()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
        prepare(app)
        key = json.loads((settings.get().data_dir / FIRST_KEY).read_text())
        with _working():
            yield Api(_sender(app, key["token"]), ledger, "https://receiver.example/", itertools.count())


@contextmanager
def _working() -> Iterator[None]:
    """Work on shards and send webhooks meanwhile."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(IDLE_SECONDS):
            work_off()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def work_off() -> None:
    """Do everything that there is to do."""
    for queue in (wakeups.INTERACTIVE, wakeups.BULK):
        for kind in ShardKind:
            while not attempts.work_on_next(kind, queue, (0, 0)).get("idle"):
                pass
    while not deliver.deliver().get("idle"):
        pass


def finish(disk: Path, url: str) -> int:
    """Start again on what a power cut left, and let every job end. Return how many do not."""
    with system(disk, url, Ledger()):
        with store.write() as db:
            db.execute(LEASES_END)
        try:
            wait_until(lambda: not _sweep_and_count(), FINISH_SECONDS)
        except AssertionError:
            return _sweep_and_count()
    return 0


def _sweep_and_count() -> int:
    """Sweep, and return how many jobs are open. What a sweep leaves out since others write, the next one does."""
    sweep.sweep()
    with store.read() as db:
        return int(db.execute(OPEN_JOBS).scalar_one())


LEASES_END = text("UPDATE shards SET leased_until = leased_until - 1000")
OPEN_JOBS = text("SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')")


def _sender(app: Flask, token: str) -> Send:
    def send(method: str, path: str, body: Any = None) -> Answer:
        client = app.test_client()
        headers = {"Authorization": f"Bearer {token}"}
        if isinstance(body, str):
            headers["Content-Type"] = "text/csv"
            response = client.open(path, method=method, headers=headers, data=body.encode())
        else:
            response = client.open(path, method=method, headers=headers, json=body)
        return Answer(response.status_code, response.get_json(silent=True))

    return send
