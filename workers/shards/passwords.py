"""Hashing the passwords of a shard before anything is written, so that none is ever kept in clear."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache

from models import process_caches, store
from models.jobs import shards
from models.jobs.shards import Claim
from models.links import passwords
from producer.rules.defaults import PasswordHash
from producer.rules.judging import JudgedBatch

KEEP_SECONDS = 3.0
QUICK = 64  # different ones: some 0.9 s of two cores


def many(judged: JudgedBatch) -> bool:
    """Whether hashing takes so long that nobody should have to wait behind it."""
    column = judged.columns.get("password", ())
    return (
        len({password for password in column if password is not None and not isinstance(password, PasswordHash)})
        > QUICK
    )


def hash_all(claim: Claim, judged: JudgedBatch, settled: frozenset[int]) -> None:
    """Puts hashes in place of a shard's passwords. It takes its time, so the lease is kept up meanwhile."""
    column = judged.columns.get("password")
    if column is None:
        return
    out = judged.problems.keys() | settled
    clear = (
        row for row, password in enumerate(column) if password is not None and not isinstance(password, PasswordHash)
    )
    rows = [row for row in clear if row not in out]
    hashes = dict(_hashed(claim, dict.fromkeys(column[row] for row in rows)))
    for row in rows:
        column[row] = hashes[column[row]]


def _hashed(claim: Claim, distinct: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each password once, as many at a time as there are cores: argon2 lets go of the interpreter while it works."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {password: pool.submit(_once, claim.job_id, password) for password in distinct}
        _keep_until_done(claim, set(running.values()), pool)
    yield from ((password, future.result()) for password, future in running.items())


def _keep_until_done(claim: Claim, left: set[Future[str]], pool: ThreadPoolExecutor) -> None:
    try:
        while left := wait(left, KEEP_SECONDS).not_done:
            with store.write() as db:
                shards.keep(db, claim)
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise


@process_caches.function
@lru_cache(maxsize=4096)
def _once(job_id: int, password: str) -> str:
    """Equal passwords of a job share one hash: 27 ms each would hold a large job up for hours."""
    return passwords.hash_password(password)
