"""Hashes the passwords of a shard before anything is written, so that no password is ever stored in clear."""

import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache
from typing import Any

from models import process_caches, store
from models.jobs import leases
from models.jobs.leases import Claim
from models.links import passwords
from producer.rules.defaults import PasswordHash
from producer.rules.judging import JudgedBatch
from workers.shards.time_budget import TimeBudget

KEEP_SECONDS = 3.0
SLOW_COUNT = 4  # different ones: some 60 ms of two cores


def are_slow(judged: JudgedBatch) -> bool:
    """Whether hashing takes so long that no other job should have to wait behind it."""
    column = judged.columns.get("password", ())
    return len({password for password in column if _is_clear(password)}) > SLOW_COUNT


def hash_all(claim: Claim, judged: JudgedBatch, settled_rows: frozenset[int], budget: TimeBudget) -> None:
    """Put hashes in place of a shard's passwords, or raise OutOfTime. The lease is kept up meanwhile."""
    column = judged.columns.get("password")
    if column is None:
        return
    skipped_rows = judged.problems.keys() | settled_rows
    rows = [row for row, password in enumerate(column) if _is_clear(password) and row not in skipped_rows]
    hashes = _hash_each(claim, dict.fromkeys(column[row] for row in rows), budget)
    for row in rows:
        column[row] = hashes[column[row]]


def _is_clear(password: Any) -> bool:
    return isinstance(password, str) and not isinstance(password, PasswordHash)


def _hash_each(claim: Claim, distinct: Iterable[str], budget: TimeBudget) -> dict[str, str]:
    """Hash passwords, as many at a time as there are cores: argon2 releases the interpreter's lock."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {password: pool.submit(_hash_once, claim.job_id, password) for password in distinct}
        _keep_lease_until_done(claim, set(running.values()), pool, budget)
    return {password: future.result() for password, future in running.items()}


def _keep_lease_until_done(
    claim: Claim, running: set[Future[str]], pool: ThreadPoolExecutor, budget: TimeBudget
) -> None:
    try:
        while running := wait(running, min(KEEP_SECONDS, budget.remaining)).not_done:
            budget.check()
            with store.write() as db:
                leases.extend(db, claim)
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise


@process_caches.function
@lru_cache(maxsize=4096)
def _hash_once(job_id: int, password: str) -> str:
    """Equal passwords of a job share one hash: at 27 ms each, hashing would hold a large job up for hours."""
    return passwords.hash_password(password)
