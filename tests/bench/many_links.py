"""A workspace of many links: a few statements write all of them, without a job."""

import time
from datetime import UTC, datetime

from models import store
from models.accounts import domains
from models.links.search import blocks, unindexed

FIRST_MOMENT = datetime(2020, 1, 1, tzinfo=UTC)
STATEMENT_ROWS = 500_000
JOB_ROWS = 1_000_000


def add(workspace_id: int, links: int, rare: int, job_id: int = 5) -> None:
    """Write links a second apart, the first of them with items of a job.

    One of `rare` links is disabled, one has expired, and one is used up.
    """
    with store.read() as db:
        domain = domains.find(db, workspace_id, None)
    assert domain
    spelling = POSTGRESQL if store.engine().name == "postgresql" else SQLITE
    values = {
        "job": job_id,
        "job_rows": JOB_ROWS,
        "domain": domain.id,
        "workspace": workspace_id,
        "rest": f"(i - i / {rare} * {rare})",
    }
    for first in range(1, links + 1, STATEMENT_ROWS):
        last = min(first + STATEMENT_ROWS - 1, links)
        names = values | {name: text.format(first=first, last=last) for name, text in spelling.items()}
        with store.write() as db:
            for statement in (LINKS, USES, ITEMS):
                db.exec_driver_sql(statement.format(**names))
    analyze()


def analyze() -> None:
    """Collect statistics where Linkmill does: its plans on SQLite are made without any."""
    if store.engine().name == "postgresql":
        with store.write() as db:
            db.exec_driver_sql("ANALYZE")


def index(workspace_id: int) -> float:
    """Build the search index of all links; return the seconds of processor time that it took this process."""
    with store.write() as db:
        unindexed.note_span(db, workspace_id, FIRST_MOMENT, datetime.now(UTC))
    start = time.process_time()
    is_left = True
    while is_left:
        with store.write(durable=False, bulk=True) as db:
            is_left = blocks.step(db, workspace_id)
    return time.process_time() - start


POSTGRESQL = {
    "series": "generate_series({first}, {last}) AS n(i)",
    "moment": "timestamptz '2020-01-01' + i * interval '1 second'",
    "future": "timestamptz '2090-01-01'",
}
SQLITE = {
    "series": (
        "(WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n) AS n"
    ),
    "moment": "strftime('%Y-%m-%d %H:%M:%S', 1577836800 + i, 'unixepoch')",
    "future": "'2090-01-01 00:00:00'",
}
LINKS = """
INSERT INTO links (domain_id, slug, generation, workspace_id, job_id, created_at, url, title,
                   disabled_at, expires_at, max_clicks)
SELECT {domain}, 's' || i, 1, {workspace}, {job}, {moment}, 'https://example.com/' || i, 'Title ' || i,
       CASE WHEN {rest} = 1 THEN {moment} END,
       CASE WHEN {rest} = 2 THEN {moment} WHEN i / 3 * 3 = i THEN {future} END,
       CASE WHEN {rest} IN (3, 4) THEN 1 END
FROM {series}
"""
USES = """
INSERT INTO uses (domain_id, slug, generation, used)
SELECT {domain}, 's' || i, 1, 1 FROM {series} WHERE {rest} = 3
"""
ITEMS = """
INSERT INTO items (job_id, "index", line, status, slug, generation)
SELECT {job}, i, i, 'created', 's' || i, 1 FROM {series} WHERE i <= {job_rows}
"""
