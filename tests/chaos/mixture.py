"""Faults at random, one after another or two at once, for some minutes, while jobs of all sizes come in."""

import random
import time
import traceback
from contextlib import suppress

import httpx
from sqlalchemy.exc import DBAPIError

from tests import faults
from tests.chaos.fault import Fault
from tests.chaos.ground import Ground
from tests.chaos.measure import NEVER, OPEN_JOBS, cost_since, newest_job, wait_for_all
from tests.cost import Cost, wait_for_recovery
from tests.system import System

OPEN_AT_ONCE = 3
SIZES = (1, 1, 50, 5_000, 200_000)
LONGEST_PAUSE = 5.0


def run(one: Ground, chosen: list[Fault], minutes: float, seed: int) -> tuple[str, int, Cost]:
    """Let faults happen; return a name for all of them, how often, and what they cost."""
    choose = random.Random(seed)
    earlier, end = newest_job(one.system), time.monotonic() + minutes * 60
    times = 0
    while time.monotonic() < end:
        post_jobs(one.system, choose)
        strike(one.system, choose.choice(chosen))
        times += 1
        time.sleep(choose.uniform(0, LONGEST_PAUSE))
    seconds = recover(one.system)
    return f"at random for {minutes:g} minutes", times, cost_since(one.system, earlier, seconds)


def post_jobs(system: System, choose: random.Random) -> None:
    """A client whose upload is refused does without it: only what was accepted counts. The database may be away."""
    with suppress(httpx.TransportError, DBAPIError):
        while len(system.sql(OPEN_JOBS)) < OPEN_AT_ONCE:
            if system.post_csv(faults.csv_rows(choose.choice(SIZES))).is_error:
                return


def strike(system: System, fault: Fault) -> None:
    """A fault expects a system that was whole before: here it may find it broken, and fail."""
    print(f"{fault.name}", flush=True)
    try:
        fault.strike(system)
    except Exception as error:
        print(f"  {type(error).__name__}: {error}"[:200], flush=True)


def recover(system: System) -> float:
    """Return how long it took until the system was ready again."""
    since = time.monotonic()
    try:
        seconds = wait_for_recovery(system, [], since)
        wait_for_all(system)
    except AssertionError:
        traceback.print_exc()
        return NEVER
    return seconds
