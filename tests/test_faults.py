"""Nothing is lost, whatever befalls the processes, the broker and the database: real faults, on both stores."""

import json
import pickle
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests import faults
from tests.conftest import STORES, database_url
from tests.cost import RECOVERY_SECONDS, Cost, cost_of, is_open, recovery, wounded
from tests.ground import System, ended, readable_folder, running, until
from workers.shards.passwords import QUICK

ROWS = 300_000
MOST_WAKE_UPS = 2 * 2 + 2  # twice the workers, and a few that found their shard gone


@pytest.fixture(params=STORES, scope="module")
def battered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A whole system that outlives every test here."""
    folder = tmp_path_factory.mktemp(f"battered-{request.param}")
    with running(folder, database_url(request.param, folder, request)) as started:
        yield started


def test_a_job_outlives_its_processes(battered: System) -> None:
    slow = post(battered, passwords(QUICK))
    until(lambda: faults.owners(battered), 20, "the first shard")
    struck = wounded(battered)
    faults.kill("interactive")(battered)
    job = post(battered, faults.rows(ROWS))
    faults.kill("beat")(battered)
    faults.kill_at_a_shard(battered)
    faults.freeze_in_a_transaction(battered)
    faults.kill("bulk")(battered)
    faults.kill("web")(battered)
    struck, since = [*struck, *wounded(battered)], time.monotonic()
    assert recovery(battered, struck, since) < RECOVERY_SECONDS
    assert whole(battered, job) == Cost(ROWS, 0, 0, 0)
    assert whole(battered, slow) == Cost(QUICK, 0, 0, 0)


def test_a_frozen_process_is_ended_before_its_node_waits_for_it(battered: System) -> None:
    job = post(battered, faults.rows(ROWS))
    frozen = faults.freeze_in_a_transaction(battered)
    until(lambda: not frozen.is_running(), RECOVERY_SECONDS, "the end of what stands still")
    assert whole(battered, job) == Cost(ROWS, 0, 0, 0)


def test_a_job_outlives_the_loss_of_the_broker_and_of_all_that_was_in_it(battered: System) -> None:
    job, most = post(battered, faults.rows(ROWS)), 0
    until(lambda: faults.owners(battered), 20, "a shard to be worked on")
    struck, since = wounded(battered), time.monotonic()
    faults.flush_the_broker(battered)
    with closing(faults.broker(battered)) as client:
        while is_open(battered, job) and most <= MOST_WAKE_UPS:
            most = max(most, client.llen("bulk"))
    assert most <= MOST_WAKE_UPS
    assert recovery(battered, struck, since) < RECOVERY_SECONDS
    assert whole(battered, job) == Cost(ROWS, 0, 0, 0)


def test_jobs_are_accepted_and_redirects_go_on_while_the_broker_is_away(battered: System) -> None:
    there = battered.items(battered.finished(battered.csv("url\nhttps://example.com/there\n")))[0]
    with faults.broker_stopped(battered):
        jobs = [quickly_posted(battered) for _ in range(3)]
        assert battered.client.get(there["short_url"]).status_code == 302
    since = time.monotonic()
    with faults.hung(faults.process(battered, "broker")):
        jobs.append(quickly_posted(battered))
        assert battered.client.get(there["short_url"]).status_code == 302
    for job in jobs:
        assert whole(battered, job) == Cost(1, 0, 0, 0)
    assert time.monotonic() - since < RECOVERY_SECONDS


def test_messages_that_come_again_or_make_no_sense_do_no_harm(battered: System, tmp_path: Path) -> None:
    done = str(battered.finished(battered.csv("url\nhttps://example.com/\n"))["id"])
    job, trap = post(battered, faults.rows(ROWS)), tmp_path / "executed"
    for queue in ("bulk", "interactive"):
        faults.send(battered, queue, task("create"), pickle.dumps(Trap(trap)), "application/x-python-serialize")
        faults.send(battered, queue, task("no.such.task"), b"[[], {}, {}]")
        faults.send(battered, queue, {}, b"no task at all")
        for name, about in product(("create", "split"), (job, done, "1", "-7")):
            body = json.dumps([[], {"job": about, "shard": 0, "rows": 1}, {}]).encode()
            for _ in range(50):
                faults.send(battered, queue, task(name), body)
    assert whole(battered, job) == Cost(ROWS, 0, 0, 0)
    assert whole(battered, done) == Cost(1, 0, 0, 0)
    with closing(faults.broker(battered)) as client:
        until(lambda: not client.exists("bulk", "interactive"), 20, "every message to be taken")
        assert not any("python-serialize" in kept for kept in client.hvals("unacked"))
    assert not trap.exists()
    assert battered.finished(battered.csv("url\nhttps://example.com/\n"), 10)["outcome"] == "succeeded"


def test_a_job_outlives_the_restart_of_its_database(tmp_path: Path) -> None:
    with readable_folder() as folder, faults.own_postgresql(folder) as server:
        with psycopg.connect(faults.address(server), autocommit=True) as db:
            db.execute("CREATE DATABASE mill")
        with running(tmp_path, faults.address(server).replace("/postgres?", "/mill?")) as system:
            job = post(system, faults.rows(ROWS))
            for mode in ("fast", "immediate"):
                until(lambda: faults.owners(system), 20, "a shard to be worked on")
                struck = wounded(system)
                faults.restart(server, mode)
                assert recovery(system, struck, time.monotonic()) < RECOVERY_SECONDS
            assert whole(system, job) == Cost(ROWS, 0, 0, 0)


def post(system: System, body: bytes) -> str:
    return str(system.csv(body).raise_for_status().json()["id"])


def quickly_posted(system: System) -> str:
    since = time.monotonic()
    job = post(system, b"url\nhttps://example.com/\n")
    assert time.monotonic() - since < 2.0
    return job


def whole(system: System, job_id: str) -> Cost:
    """What the job has cost when it has ended."""
    until(lambda: ended(system.job(job_id)), 60, lambda: f"the end of {system.job(job_id)}: {system.log()[-5000:]}")
    return cost_of(system, job_id)


def passwords(count: int) -> bytes:
    """Rows that take their time: a password's hash costs some 30 ms."""
    return b"url,password\n" + b"".join(b"https://example.com/,secret%d\n" % at for at in range(count))


class Trap:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def task(name: str) -> dict[str, Any]:
    return {"task": name, "id": uuid4().hex, "lang": "py"}
