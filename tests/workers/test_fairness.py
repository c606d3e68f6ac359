"""What large jobs and many small ones leave to others, and what a job says of its own end."""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import psutil
import pytest

from tests import faults
from tests.system import System, job_if_ended
from tests.waiting import wait_until
from tests.web.commands import client, new_key
from workers.app import BULK_NICENESS

CSV = {"Content-Type": "text/csv"}
SINGLES = 15
MOST_SECONDS = 1.5  # for one link, however busy others are; `make bench` has the finer measure
IN_HANDS = 8  # messages whose shard a worker has claimed by another one


@pytest.fixture(scope="module")
def neighbour(system: System) -> Iterator[httpx.Client]:
    """Somebody of another workspace, who may do as much."""
    with client(system, new_key(system, "--workspace", "neighbour", "--plan", "enterprise")) as found:
        yield found


def rows(count: int) -> str:
    return "url\n" + "".join(f"https://example.com/{row}\n" for row in range(count))


def test_a_small_job_is_done_while_a_large_one_of_somebody_else_runs(system: System, neighbour: httpx.Client) -> None:
    large = system.post_csv(rows(system.rows_of(shards=20, most=150_000))).json()
    wait_until(lambda: system.job(large["id"])["counts"]["processed"], 60, "the first shard")
    links = [{"url": f"https://example.com/{row}"} for row in range(100)]
    small = neighbour.post("/api/jobs", json={"links": links}, headers={"Prefer": "wait=30"})
    assert small.json()["status"] == "completed"
    assert system.job(large["id"])["status"] == "running"
    wait_until(lambda: job_if_ended(system.job(large["id"])), 120)


def test_a_single_link_is_created_while_somebody_else_has_many_small_jobs(
    system: System, neighbour: httpx.Client
) -> None:
    usual = statistics.median(create_one(neighbour) for _ in range(SINGLES))
    slow_links = [{"url": "https://example.com/", "password": f"password {number}"} for number in range(40)]
    flood = [system.post({"links": slow_links}).json()["id"] for _ in range(12)]
    flood += [system.post({"links": [{"url": "https://example.com/"}]}).json()["id"] for _ in range(100)]
    seconds = [create_one(neighbour) for _ in range(SINGLES)]
    assert statistics.median(seconds) <= 3 * usual + 0.05
    assert max(seconds) < MOST_SECONDS
    assert count_messages(system) <= count_queued(system) + IN_HANDS
    for job_id in flood:
        system.client.post(f"/api/jobs/{job_id}/cancel")
    wait_until(lambda: count_queued(system) == 0, 60, "the flood to end")


def create_one(client: httpx.Client) -> float:
    """Create a link and return how many seconds it took."""
    start = time.monotonic()
    response = client.post("/api/jobs", json={"url": "https://example.com/", "count": 1}, headers={"Prefer": "wait=30"})
    assert response.json()["status"] == "completed"
    return time.monotonic() - start


def count_messages(system: System) -> int:
    with closing(faults.connect_to_broker(system)) as client:
        return sum(client.llen(queue) for queue in ("bulk", "interactive"))


def count_queued(system: System) -> int:
    ((count,),) = system.sql("SELECT count(*) FROM shards WHERE state = 'queued'")
    return int(count)


def test_two_large_jobs_of_two_workspaces_go_side_by_side(system: System, neighbour: httpx.Client) -> None:
    large = rows(system.rows_of(shards=20, most=200_000))
    first = system.post_csv(large).json()
    second = neighbour.post("/api/jobs", content=large, headers=CSV).json()
    path = second["links"]["self"]
    wait_until(lambda: neighbour.get(path).json()["progress"], 60, "its first shard")
    before = system.job(first["id"])["progress"]
    wait_until(lambda: job_if_ended(system.job(first["id"])), 120)
    assert neighbour.get(path).json()["progress"] >= (1 - before) / 2
    wait_until(lambda: job_if_ended(neighbour.get(path).json()), 120)


def test_the_time_left_comes_true(system: System) -> None:
    """Within a factor of three, for a machine that does other things too; `make bench` has the finer measure."""
    job = system.post_csv(rows(system.rows_of(shards=20, most=150_000))).json()
    told: list[tuple[float, float]] = []
    while not job_if_ended(job):
        job = system.job(job["id"])
        if 0.3 <= job["progress"] <= 0.7:
            told.append((time.monotonic(), job["eta_seconds"]))
        time.sleep(0.05)
    end = time.monotonic()
    assert told
    for at, left in told:
        assert (end - at) / 3 - 0.5 <= left <= (end - at) * 3 + 0.5


def test_the_machine_serves_a_small_job_before_a_large_one(system: System) -> None:
    """Niceness counts among processes of one session only: between sessions Linux shares out evenly."""
    bulk, interactive = (faults.find_process(system, name).children() for name in ("bulk", "interactive"))
    assert (len(bulk), len(interactive)) == (2, 2)
    usual = psutil.Process(system.process.pid).nice()
    assert {process.nice() for process in bulk} == {usual + BULK_NICENESS}
    assert {process.nice() for process in interactive} == {usual}
    assert {os.getsid(process.pid) for process in [*bulk, *interactive]} == {os.getsid(system.process.pid)}
