"""Cuts one host off in the middle of a job, and counts what that cost this job and all others."""

import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx

from tests import faults
from tests.chaos.measure import NEVER, cost_since, newest_job, wait_for_all
from tests.cost import is_open
from tests.hosts.installation import Installation
from tests.hosts.network import cut_off
from tests.hosts.visitor import visiting
from tests.system import System
from tests.waiting import wait_until

END_SECONDS = 300.0


class Cut(NamedTuple):
    host: str
    seconds: float


class Outcome(NamedTuple):
    """What became of the rows of all jobs, how long the large one took, and how long somebody waited for an answer."""

    rows: int
    lost: int
    doubled: int
    stuck: int
    failed: int
    seconds: float
    slowest_answer: float

    @property
    def is_zero(self) -> bool:
        return not (self.lost or self.doubled or self.stuck or self.failed) and self.seconds < NEVER


def measure(installation: Installation, rows: int, cut: Cut | None = None) -> Outcome:
    """Run a job, with a cut in its middle or without one, while a visitor posts small ones."""
    system = installation.system
    earlier = newest_job(system)
    with visiting(installation.webs, system.key["token"], installation.takes_small_jobs) as visitor:
        started = time.monotonic()
        job = str(system.post_csv(faults.csv_rows(rows)).raise_for_status().json()["id"])
        try:
            wait_until(lambda: is_at_work(system, job), END_SECONDS, "the first shard")
            with cutting(installation, cut):
                wait_until(lambda: not is_open(system, job), END_SECONDS, "the job's end")
                seconds = time.monotonic() - started
            wait_until(lambda: are_ready(installation), END_SECONDS, "every web to be ready")
        except AssertionError:
            traceback.print_exc()
            seconds = NEVER
    wait_for_all(system)
    return count(system, earlier, seconds, visitor.slowest)


def is_at_work(system: System, job: str) -> bool:
    """A shard has been written, or the job was that quick."""
    return bool(system.sql(f"SELECT 1 FROM items WHERE job_id = {job} LIMIT 1")) or not is_open(system, job)


@contextmanager
def cutting(installation: Installation, cut: Cut | None) -> Iterator[None]:
    """Begin a cut, and end the block when it is over."""
    if cut is None:
        yield
        return
    thread = threading.Thread(target=pull, args=(installation, cut))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def pull(installation: Installation, cut: Cut) -> None:
    with cut_off(installation.hosts[cut.host]):
        time.sleep(cut.seconds)


def are_ready(installation: Installation) -> bool:
    try:
        return all(httpx.get(f"{web}/readyz").status_code == 200 for web in installation.webs)
    except httpx.TransportError:
        return False


def count(system: System, earlier: int, seconds: float, slowest: float) -> Outcome:
    cost = cost_since(system, earlier, seconds)
    ((failed,),) = system.sql(f"SELECT coalesce(sum(failed), 0) FROM jobs WHERE id > {earlier}")
    return Outcome(cost.rows, cost.lost, cost.duplicated, cost.stuck, int(failed), seconds, slowest)
