"""Lets a fault happen in the middle of a job, and counts what it cost."""

import time
import traceback
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from tests import faults
from tests.chaos.fault import Fault, Strike
from tests.cost import Cost, is_open, measure_cost, running_shards, wait_for_recovery
from tests.system import System
from tests.waiting import wait_until

END_SECONDS = 180.0
NEVER = float("inf")


def measure_fault(system: System, fault: Fault, rows: int) -> tuple[int, Cost]:
    """Let a fault happen a few times within one job; return how often, and what it cost this job and all others."""
    earlier = newest_job(system)
    job = str(system.post_csv(faults.csv_rows(rows)).raise_for_status().json()["id"])
    times, worst = 0, 0.0
    try:
        times, worst = strike_often(system, fault, job)
        wait_for_all(system)
    except Exception:  # a wait was too long, or an answer was wrong: the table shows it
        traceback.print_exc()
        worst = NEVER
    return times, cost_since(system, earlier, worst)


def strike_often(system: System, fault: Fault, job: str) -> tuple[int, float]:
    """Strike again when the system has recovered, until the job ends."""
    times, worst = 0, 0.0
    while times < fault.most and at_work(system, job):
        worst = max(worst, strike_once(system, fault.strike))
        times += 1
    return times, worst


def strike_once(system: System, strike: Strike) -> float:
    """Strike, and return how long it takes from the end of the fault to that of every shard that it hit."""
    struck = running_shards(system)
    strike(system)
    since = time.monotonic()
    with suppress(DBAPIError):  # the database may be what is down
        struck += running_shards(system)
    return wait_for_recovery(system, struck, since)


def at_work(system: System, job: str) -> bool:
    wait_until(lambda: faults.shard_owners(system) or not is_open(system, job), 60)
    return is_open(system, job)


def newest_job(system: System) -> int:
    ((newest,),) = system.sql("SELECT coalesce(max(id), 0) FROM jobs")
    return int(newest)


def wait_for_all(system: System) -> None:
    wait_until(lambda: not system.sql(OPEN_JOBS), END_SECONDS, lambda: f"the end of {system.sql(OPEN_JOBS)}")


OPEN_JOBS = "SELECT id, status FROM jobs WHERE status IN ('queued', 'running')"


def cost_since(system: System, earlier: int, seconds: float) -> Cost:
    """Add up what became of all jobs since an earlier one."""
    rows = system.sql(f"SELECT id FROM jobs WHERE id > {earlier} AND workspace_id = {system.key['workspace_id']}")
    costs = [measure_cost(system, str(job_id)) for (job_id,) in rows]
    return Cost(
        sum(cost.rows for cost in costs),
        sum(cost.lost for cost in costs),
        sum(cost.duplicated for cost in costs),
        sum(cost.stuck for cost in costs),
        seconds,
    )
