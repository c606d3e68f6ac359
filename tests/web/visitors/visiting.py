"""Links that are simply there, for tests of what visitors see."""

import time
from typing import Any

from models import store
from models.accounts import domains
from models.links import links

GENERATION = 7
WORKSPACE = 1


def make(slug: str = "here", domain: str | None = None, **more: Any) -> None:
    with store.write() as db:
        found = domains.find(db, WORKSPACE, domain)
        assert found
        row = {"domain_id": found.id, "slug": slug, "generation": GENERATION, "workspace_id": WORKSPACE, "job_id": 2}
        now = time.time_ns() // 1000
        columns = {"url": "https://example.com/x?a=1&b=2", "created_at": now, **more}
        links.write(db, row | {name: [value] for name, value in columns.items()}, 1)
