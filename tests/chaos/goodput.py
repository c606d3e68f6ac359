"""How much of its work a system still does while one of its workers is killed every two seconds."""

import time

from tests import faults
from tests.chaos.measure import OPEN_JOBS, wait_for_all
from tests.system import System

SECONDS = 40.0
KILL_SECONDS = 2.0
LEAST = 0.5
ROWS = 100_000
OPEN_AT_ONCE = 3  # so that there is always work
DONE = "SELECT coalesce(sum(created), 0) FROM jobs"


def measure(system: System) -> float:
    """Return the rows done under kills, as a share of those done without any."""
    undisturbed = rows_a_second(system, kill_seconds=SECONDS * 2)
    return rows_a_second(system, KILL_SECONDS) / undisturbed


def rows_a_second(system: System, kill_seconds: float) -> float:
    body = faults.csv_rows(ROWS)
    before, started = rows_done(system), time.monotonic()
    next_kill = started + kill_seconds
    while time.monotonic() < started + SECONDS:
        if len(system.sql(OPEN_JOBS)) < OPEN_AT_ONCE:
            system.post_csv(body).raise_for_status()
        if time.monotonic() > next_kill:
            faults.kill_shard_owner(system)
            next_kill += kill_seconds
    rate = (rows_done(system) - before) / (time.monotonic() - started)
    wait_for_all(system)
    return rate


def rows_done(system: System) -> int:
    ((done,),) = system.sql(DONE)
    return int(done)
