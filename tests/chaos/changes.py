"""Faults of jobs that change links: a process is killed in the middle of an update, or of a deletion."""

import os
import signal
from contextlib import suppress
from uuid import uuid4

from tests import faults
from tests.chaos.fault import Fault
from tests.system import System, job_if_ended
from tests.waiting import wait_until

ROWS = 50_000
END_SECONDS = 60.0


def kill_in_update(system: System) -> None:
    mark = create_links(system, ROWS)
    check_update(system, mark, ROWS, start_and_kill(system, update_body(mark, ROWS), "update"))


def kill_in_deletion(system: System) -> None:
    mark = create_links(system, ROWS)
    check_deletion(system, mark, ROWS, start_and_kill(system, deletion_body(mark, ROWS), "delete"))


def create_links(system: System, rows: int) -> str:
    """Create links to change; return what their external ids begin with."""
    mark = uuid4().hex
    lines = [f"https://example.com/{index},{mark}-{index}\n" for index in range(rows)]
    end(system, system.post_csv("url,external_id\n" + "".join(lines)).raise_for_status().json()["id"])
    return mark


def update_body(mark: str, rows: int) -> str:
    return "external_id,title\n" + "".join(f"{mark}-{index},{mark}\n" for index in range(rows))


def deletion_body(mark: str, rows: int) -> str:
    return "external_id\n" + "".join(f"{mark}-{index}\n" for index in range(rows))


def start_and_kill(system: System, body: str, action: str) -> str:
    """Start a job, and kill a process that works on a shard of it; return the job's id."""
    job_id = str(system.post_csv(body, params={"action": action}).raise_for_status().json()["id"])
    owners = wait_until(
        lambda: faults.shard_owners(system, job_id) or job_if_ended(system.job(job_id)), END_SECONDS, "a shard"
    )
    if isinstance(owners, list):
        with suppress(ProcessLookupError):
            os.kill(owners[0], signal.SIGKILL)
    return job_id


def check_update(system: System, mark: str, rows: int, job_id: str) -> None:
    """Each link has its new title, and each row says so once."""
    end(system, job_id)
    ((changed,),) = system.sql(f"SELECT count(*) FROM links WHERE title = '{mark}'")
    assert (changed, count_items(system, job_id, "updated")) == (rows, rows)


def check_deletion(system: System, mark: str, rows: int, job_id: str) -> None:
    """Each link is kept for an undo and nowhere else, and each row says so once."""
    end(system, job_id)
    ((left,),) = system.sql(f"SELECT count(*) FROM links WHERE external_id LIKE '{mark}-%'")
    ((kept,),) = system.sql(f"SELECT count(*) FROM deleted_links WHERE deleted_by = {job_id}")
    assert (left, kept, count_items(system, job_id, "deleted")) == (0, rows, rows)


def count_items(system: System, job_id: str, status: str) -> int:
    ((count,),) = system.sql(f"SELECT count(*) FROM items WHERE job_id = {job_id} AND status = '{status}'")
    return int(count)


def end(system: System, job_id: str) -> None:
    wait_until(lambda: job_if_ended(system.job(job_id)), END_SECONDS, f"job {job_id} to end")


FAULTS = (
    Fault("kill -9 of a process at an update of links", kill_in_update),
    Fault("kill -9 of a process at a deletion of links", kill_in_deletion),
)
