"""Hashing the passwords of a shard before anything is written, so that none is ever kept in clear."""

import time
from functools import lru_cache
from typing import Any

from models import passwords, shards, store
from models.shards import Claim
from producer.judge import Judged

KEEP_SECONDS = 3.0


def hash_all(claim: Claim, judged: Judged) -> None:
    """Puts hashes in place of a shard's passwords. It takes its time, so the lease is kept up meanwhile."""
    column = judged.columns.get("password")
    if column is None:
        return
    kept_at = time.monotonic()
    for place, password in enumerate(column):
        if password is not None and place not in judged.problems:
            column[place] = _hashed(claim.job_id, password)
        if time.monotonic() - kept_at > KEEP_SECONDS:
            with store.write() as db:
                shards.keep(db, claim)
            kept_at = time.monotonic()


@lru_cache(maxsize=4096)
def _hashed(job_id: int, password: str) -> Any:
    """Equal passwords of a job share one hash: 27 ms each would hold a large job up for hours."""
    return passwords.hashed(password)
