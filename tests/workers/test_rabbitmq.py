"""With RabbitMQ as the broker: wake-ups, lengths of queues, and a node, before and after an outage."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.accounts.keys import Owner
from models.states import JobStatus
from producer.signals import queues, wakeups
from producer.signals.queues import BrokerAway
from tests import ROOT, rabbitmq
from tests.fixtures.processes import process_environment
from tests.rabbitmq import RabbitMQ, running_rabbitmq
from tests.steps import accept_csv, read_job
from tests.system import STOP_SECONDS
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(not rabbitmq.is_installed(), reason=rabbitmq.MISSING)

ROWS = "url\nhttps://a.example/\nhttps://b.example/\n"


@pytest.fixture(scope="module", name="rabbitmq")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq") / "server") as server:
        yield server


@pytest.mark.parametrize("owner", ["sqlite"], indirect=True)
def test_a_node_works_through_rabbitmq_before_and_after_an_outage(
    owner: Owner, rabbitmq: RabbitMQ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "celeryconfig", raising=False)  # it has read the settings of other tests
    with process_environment({**os.environ, "BROKER_URL": rabbitmq.url}):
        assert queues.length(wakeups.INTERACTIVE) == 0
        waiting = accept_csv(owner, ROWS)
        assert queues.length(wakeups.INTERACTIVE) == 1
        with running_node(tmp_path):
            wait_until(lambda: has_ended(waiting), what=lambda: f"the first job: {log_of_node(tmp_path)}")
            rabbitmq.kill()
            assert not wakeups.send_task("create", wakeups.INTERACTIVE)
            with pytest.raises(BrokerAway):
                queues.length(wakeups.INTERACTIVE)
            rabbitmq.start()
            later = accept_csv(owner, ROWS)
            wait_until(lambda: has_ended(later), what=lambda: f"the job after the outage: {log_of_node(tmp_path)}")
            wait_until(lambda: queues.is_empty(wakeups.INTERACTIVE), what="an empty queue")


def has_ended(job_id: int) -> bool:
    return read_job(job_id).status == JobStatus.COMPLETED


@contextmanager
def running_node(folder: Path) -> Iterator[None]:
    words = ["-q", "-A", "workers.app", "worker", "-n", "alone@rabbit", "-Q", "interactive", "-c", "1"]
    with (folder / "node.log").open("w") as log:
        node = subprocess.Popen([sys.executable, "-m", "celery", *words], cwd=ROOT, stdout=log, stderr=log)
    try:
        yield
    finally:
        node.terminate()
        node.wait(STOP_SECONDS)


def log_of_node(folder: Path) -> str:
    return (folder / "node.log").read_text()[-3000:]
