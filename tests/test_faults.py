"""No row is lost through real faults of the processes, the broker and the database, on both stores."""

import json
import pickle
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import psutil
import psycopg
import pytest

from tests import faults, postgresql
from tests.chaos.messages import Trap, task
from tests.cost import RECOVERY_SECONDS, Cost, is_open, measure_cost, running_shards, wait_for_recovery
from tests.fixtures.databases import STORES, new_database_url
from tests.fixtures.systems import StartSystem
from tests.system import System, job_if_ended, readable_folder
from tests.waiting import wait_until

PASSWORDS = 64  # hashing them takes a while
MOST_WAKE_UPS = 2 * 2 + 2  # twice the workers, and a few whose shard was done already


@pytest.fixture(params=STORES, scope="module")
def target(
    start_system: StartSystem, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """A whole system that survives every test of this file."""
    folder = tmp_path_factory.mktemp(f"faults-{request.param}")
    with start_system(folder, new_database_url(request.param, folder, request)) as system:
        yield system


def test_a_job_survives_its_processes(target: System) -> None:
    rows = many_rows(target)
    slow = post(target, passwords(PASSWORDS))
    wait_until(lambda: faults.shard_owners(target), what="the first shard")
    hit_shards = running_shards(target)
    faults.kill_process("interactive")(target)
    job = post(target, faults.csv_rows(rows))
    faults.kill_process("beat")(target)
    faults.kill_shard_owner(target)
    faults.freeze_writer(target)
    faults.kill_process("bulk")(target)
    faults.kill_process("web")(target)
    hit_shards, since = [*hit_shards, *running_shards(target)], time.monotonic()
    assert wait_for_recovery(target, hit_shards, since) < RECOVERY_SECONDS
    assert cost_at_end(target, job) == Cost(rows, 0, 0, 0)
    assert cost_at_end(target, slow) == Cost(PASSWORDS, 0, 0, 0)


def test_a_frozen_process_is_killed_before_its_node_waits_for_it(target: System) -> None:
    rows = target.rows_of(shards=4, most=100_000)
    job = post(target, faults.csv_rows(rows))
    frozen = faults.freeze_writer(target)
    wait_until(lambda: not frozen.is_running(), RECOVERY_SECONDS, "the frozen process to end")
    assert cost_at_end(target, job) == Cost(rows, 0, 0, 0)


def test_a_job_survives_the_loss_of_every_message_in_the_broker(target: System) -> None:
    rows = many_rows(target)
    job, most = post(target, faults.csv_rows(rows)), 0
    wait_until(lambda: faults.shard_owners(target), what="a shard to be worked on")
    hit_shards, since = running_shards(target), time.monotonic()
    faults.flush_broker(target)
    with closing(faults.connect_to_broker(target)) as client:
        while is_open(target, job) and most <= MOST_WAKE_UPS:
            most = max(most, client.llen("bulk"))
    assert most <= MOST_WAKE_UPS
    assert wait_for_recovery(target, hit_shards, since) < RECOVERY_SECONDS
    assert cost_at_end(target, job) == Cost(rows, 0, 0, 0)


def test_jobs_are_accepted_and_redirects_work_while_the_broker_is_down(target: System) -> None:
    there = target.items(target.wait_for_job(target.post_csv("url\nhttps://example.com/there\n")))[0]
    with faults.stopped_broker(target):
        jobs = [post_quickly(target) for _ in range(3)]
        assert target.client.get(there["short_url"]).status_code == 302
    since = time.monotonic()
    with faults.suspended(faults.find_process(target, "broker")):
        jobs.append(post_quickly(target))
        assert target.client.get(there["short_url"]).status_code == 302
    for job in jobs:
        assert cost_at_end(target, job) == Cost(1, 0, 0, 0)
    assert time.monotonic() - since < RECOVERY_SECONDS


def test_repeated_and_invalid_messages_do_no_harm(target: System, tmp_path: Path) -> None:
    rows = target.rows_of(shards=10, most=200_000)
    done = str(target.wait_for_job(target.post_csv("url\nhttps://example.com/\n"))["id"])
    job, trap = post(target, faults.csv_rows(rows)), tmp_path / "executed"
    for queue in ("bulk", "interactive"):
        faults.send_message(target, queue, task("create"), pickle.dumps(Trap(trap)), "application/x-python-serialize")
        faults.send_message(target, queue, task("no.such.task"), b"[[], {}, {}]")
        faults.send_message(target, queue, {}, b"no task at all")
        faults.send_message(target, queue, task("create"), b"[1, 2]")
        for name, about in product(("create", "split"), (job, done, "1", "-7")):
            body = json.dumps([[], {"job": about, "shard": 0, "rows": 1}, {}]).encode()
            for _ in range(50):
                faults.send_message(target, queue, task(name), body)
    assert cost_at_end(target, job) == Cost(rows, 0, 0, 0)
    assert cost_at_end(target, done) == Cost(1, 0, 0, 0)
    with closing(faults.connect_to_broker(target)) as client:
        wait_until(lambda: not client.exists("bulk", "interactive"), what="every message to be taken")
        assert not any("python-serialize" in kept for kept in client.hvals("unacked"))
    assert not trap.exists()
    assert target.wait_for_job(target.post_csv("url\nhttps://example.com/\n"), 10)["outcome"] == "succeeded"


def test_a_job_survives_restarts_of_its_database(start_system: StartSystem, tmp_path: Path) -> None:
    with readable_folder() as folder, postgresql.private_postgresql(folder) as server:
        with psycopg.connect(postgresql.postgresql_url(server), autocommit=True) as db:
            db.execute("CREATE DATABASE mill")
        with start_system(tmp_path, postgresql.postgresql_url(server).replace("/postgres?", "/mill?")) as system:
            rows = many_rows(system)
            job = post(system, faults.csv_rows(rows))
            for mode in ("fast", "immediate"):
                wait_until(lambda: faults.shard_owners(system), what="a shard to be worked on")
                hit_shards = running_shards(system)
                postgresql.restart_postgresql(server, mode)
                assert wait_for_recovery(system, hit_shards, time.monotonic()) < RECOVERY_SECONDS
            assert cost_at_end(system, job) == Cost(rows, 0, 0, 0)
        last = server.get_pid()
    assert last
    wait_until(lambda: has_ended(last), what="the server that was restarted to stop too")


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits for somebody to ask how it ended."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def many_rows(system: System) -> int:
    """Rows of a job that is still under way when the last of several faults hits it."""
    return system.rows_of(shards=24, most=300_000)


def post(system: System, body: bytes) -> str:
    return str(system.post_csv(body).raise_for_status().json()["id"])


def post_quickly(system: System) -> str:
    since = time.monotonic()
    job = post(system, b"url\nhttps://example.com/\n")
    assert time.monotonic() - since < 2.0
    return job


def cost_at_end(system: System, job_id: str) -> Cost:
    """Wait for the end of a job and count what the faults cost it."""
    wait_until(
        lambda: job_if_ended(system.job(job_id)), 60, lambda: f"the end of {system.job(job_id)}: {system.log()[-5000:]}"
    )
    return measure_cost(system, job_id)


def passwords(count: int) -> bytes:
    """Rows that take time: hashing a password takes some 30 ms."""
    return b"url,password\n" + b"".join(b"https://example.com/,secret%d\n" % at for at in range(count))
