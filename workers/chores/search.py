"""Search: builds the blocks of the search index behind the jobs, a few in each transaction."""

import time
from typing import Any

from models import store
from models.links.search import blocks, unindexed

TASK_SECONDS = 1.5  # the sweep sends the next task two seconds later
PATIENCE = 1.0


def build() -> dict[str, Any]:
    """Build blocks for as long as one task may take."""
    deadline = time.monotonic() + TASK_SECONDS
    steps = 0
    while time.monotonic() < deadline and _step():
        steps += 1
        store.pause_bulk_writer()
    return {"steps": steps}


def _step() -> bool:
    with store.write(PATIENCE, durable=False, bulk=True) as db:
        workspace_id = unindexed.due_workspace(db)
        if workspace_id is None:
            return False
        blocks.step(db, workspace_id)
    return True
