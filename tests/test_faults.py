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

from tests import faults, postgresql
from tests.cost import RECOVERY_SECONDS, Cost, is_open, measure_cost, running_shards, wait_for_recovery
from tests.fixtures.databases import STORES, new_database_url
from tests.fixtures.systems import StartSystem
from tests.system import System, job_if_ended, readable_folder
from tests.waiting import wait_until
from workers.shards.passwords import SLOW_COUNT

ROWS = 300_000
MOST_WAKE_UPS = 2 * 2 + 2  # twice the workers, and a few that found their shard gone


@pytest.fixture(params=STORES, scope="module")
def battered(
    start_system: StartSystem, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """A whole system that outlives every test here."""
    folder = tmp_path_factory.mktemp(f"battered-{request.param}")
    with start_system(folder, new_database_url(request.param, folder, request)) as started:
        yield started


def test_a_job_outlives_its_processes(battered: System) -> None:
    slow = post(battered, passwords(SLOW_COUNT))
    wait_until(lambda: faults.shard_owners(battered), 20, "the first shard")
    struck = running_shards(battered)
    faults.kill_process("interactive")(battered)
    job = post(battered, faults.csv_rows(ROWS))
    faults.kill_process("beat")(battered)
    faults.kill_shard_owner(battered)
    faults.freeze_writer(battered)
    faults.kill_process("bulk")(battered)
    faults.kill_process("web")(battered)
    struck, since = [*struck, *running_shards(battered)], time.monotonic()
    assert wait_for_recovery(battered, struck, since) < RECOVERY_SECONDS
    assert whole(battered, job) == Cost(ROWS, 0, 0, 0)
    assert whole(battered, slow) == Cost(SLOW_COUNT, 0, 0, 0)


def test_a_frozen_process_is_ended_before_its_node_waits_for_it(battered: System) -> None:
    job = post(battered, faults.csv_rows(ROWS))
    frozen = faults.freeze_writer(battered)
    wait_until(lambda: not frozen.is_running(), RECOVERY_SECONDS, "the end of what stands still")
    assert whole(battered, job) == Cost(ROWS, 0, 0, 0)


def test_a_job_outlives_the_loss_of_the_broker_and_of_all_that_was_in_it(battered: System) -> None:
    job, most = post(battered, faults.csv_rows(ROWS)), 0
    wait_until(lambda: faults.shard_owners(battered), 20, "a shard to be worked on")
    struck, since = running_shards(battered), time.monotonic()
    faults.flush_broker(battered)
    with closing(faults.connect_to_broker(battered)) as client:
        while is_open(battered, job) and most <= MOST_WAKE_UPS:
            most = max(most, client.llen("bulk"))
    assert most <= MOST_WAKE_UPS
    assert wait_for_recovery(battered, struck, since) < RECOVERY_SECONDS
    assert whole(battered, job) == Cost(ROWS, 0, 0, 0)


def test_jobs_are_accepted_and_redirects_go_on_while_the_broker_is_away(battered: System) -> None:
    there = battered.items(battered.wait_for_job(battered.post_csv("url\nhttps://example.com/there\n")))[0]
    with faults.stopped_broker(battered):
        jobs = [quickly_posted(battered) for _ in range(3)]
        assert battered.client.get(there["short_url"]).status_code == 302
    since = time.monotonic()
    with faults.suspended(faults.find_process(battered, "broker")):
        jobs.append(quickly_posted(battered))
        assert battered.client.get(there["short_url"]).status_code == 302
    for job in jobs:
        assert whole(battered, job) == Cost(1, 0, 0, 0)
    assert time.monotonic() - since < RECOVERY_SECONDS


def test_messages_that_come_again_or_make_no_sense_do_no_harm(battered: System, tmp_path: Path) -> None:
    done = str(battered.wait_for_job(battered.post_csv("url\nhttps://example.com/\n"))["id"])
    job, trap = post(battered, faults.csv_rows(ROWS)), tmp_path / "executed"
    for queue in ("bulk", "interactive"):
        faults.send_message(battered, queue, task("create"), pickle.dumps(Trap(trap)), "application/x-python-serialize")
        faults.send_message(battered, queue, task("no.such.task"), b"[[], {}, {}]")
        faults.send_message(battered, queue, {}, b"no task at all")
        for name, about in product(("create", "split"), (job, done, "1", "-7")):
            body = json.dumps([[], {"job": about, "shard": 0, "rows": 1}, {}]).encode()
            for _ in range(50):
                faults.send_message(battered, queue, task(name), body)
    assert whole(battered, job) == Cost(ROWS, 0, 0, 0)
    assert whole(battered, done) == Cost(1, 0, 0, 0)
    with closing(faults.connect_to_broker(battered)) as client:
        wait_until(lambda: not client.exists("bulk", "interactive"), 20, "every message to be taken")
        assert not any("python-serialize" in kept for kept in client.hvals("unacked"))
    assert not trap.exists()
    assert battered.wait_for_job(battered.post_csv("url\nhttps://example.com/\n"), 10)["outcome"] == "succeeded"


def test_a_job_outlives_the_restart_of_its_database(start_system: StartSystem, tmp_path: Path) -> None:
    with readable_folder() as folder, postgresql.private_postgresql(folder) as server:
        with psycopg.connect(postgresql.postgresql_url(server), autocommit=True) as db:
            db.execute("CREATE DATABASE mill")
        with start_system(tmp_path, postgresql.postgresql_url(server).replace("/postgres?", "/mill?")) as system:
            job = post(system, faults.csv_rows(ROWS))
            for mode in ("fast", "immediate"):
                wait_until(lambda: faults.shard_owners(system), 20, "a shard to be worked on")
                struck = running_shards(system)
                postgresql.restart_postgresql(server, mode)
                assert wait_for_recovery(system, struck, time.monotonic()) < RECOVERY_SECONDS
            assert whole(system, job) == Cost(ROWS, 0, 0, 0)


def post(system: System, body: bytes) -> str:
    return str(system.post_csv(body).raise_for_status().json()["id"])


def quickly_posted(system: System) -> str:
    since = time.monotonic()
    job = post(system, b"url\nhttps://example.com/\n")
    assert time.monotonic() - since < 2.0
    return job


def whole(system: System, job_id: str) -> Cost:
    """What the job has cost when it has ended."""
    wait_until(
        lambda: job_if_ended(system.job(job_id)), 60, lambda: f"the end of {system.job(job_id)}: {system.log()[-5000:]}"
    )
    return measure_cost(system, job_id)


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
