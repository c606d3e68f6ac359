"""Plans and statistics of tables that were tiny: no statement reads a large part of one that has grown since."""

from collections import Counter
from contextlib import ExitStack

import pytest
from sqlalchemy import text

from models import store
from models.accounts.keys import Owner
from models.links import links, lookup
from models.states import ShardKind
from producer import control
from tests.models.links.new_links import add_link, default_domain_id
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.work import work_off
from workers import sweep
from workers.chores import clicks

ROUNDS = 12  # a statement is prepared after five executions, and the server may keep its plan after five more
GROWTH = 30_000  # rows
MOST_READ = 3_000  # rows of a table that a few small jobs read
SLUGS = ["here", *(f"free{number}" for number in range(1000))]
FILL = """
INSERT INTO links (domain_id, slug, generation, workspace_id, job_id, url, external_id)
    SELECT :domain, 'grown' || n, 1, :workspace, n % 100, 'https://grown.example/' || n, 'grown' || n FROM numbers;
INSERT INTO items (job_id, "index", line, status, slug, generation)
    SELECT n % 100, n, n, 'created', 'grown' || n, 1 FROM numbers;
INSERT INTO shards (job_id, run, first_index, workspace_id, kind, queue, state, line, "offset", length, rows)
    SELECT n, 1, 0, :workspace, 'create', 'interactive', 'done', 1, 0, 1, 1 FROM numbers;
INSERT INTO jobs (id, workspace_id, domain_id, kind, status, source, queue, upload, layout, options, metadata, total,
                  created_at, finished_at)
    SELECT n, :workspace, :domain, 'create', 'completed', 'csv', 'bulk', '', '{}', '{}', '{}', 0, now(), now()
    FROM numbers;
INSERT INTO job_errors (job_id, code, count) SELECT n, 'INVALID_URL', 1 FROM numbers;
INSERT INTO urls (workspace_id, domain_id, hash, rank, slug, generation)
    SELECT :workspace, :domain, n % 1000, n, 'grown' || n, 1 FROM numbers;
INSERT INTO tags (workspace_id, id, name) SELECT :workspace, 1000000 + n, 'grown' || n FROM numbers;
INSERT INTO link_tags (workspace_id, tag_id, domain_id, slug, generation)
    SELECT :workspace, 1000000 + n % 100, :domain, 'grown' || n, 1 FROM numbers
"""
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = CAST(current_schema() AS regnamespace)"
READ = text(
    """
    SELECT * FROM (
        SELECT coalesce(parent.relname, part.relname) AS name, sum(seq_tup_read + coalesce(idx_tup_fetch, 0))
        FROM pg_stat_user_tables AS part LEFT JOIN pg_inherits ON inhrelid = relid
        LEFT JOIN pg_class AS parent ON parent.oid = inhparent GROUP BY name
    ) AS tables
    WHERE name IN ('links', 'items', 'shards', 'jobs', 'job_errors', 'urls', 'tags', 'link_tags')
    """
)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    monkeypatch.setattr(clicks, "BUFFERED_SECONDS", 0.0)
    monkeypatch.setattr(clicks, "drain", lambda: None)
    return record_steps(monkeypatch)


@pytest.mark.own_database
@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_no_statement_of_the_batch_path_reads_a_table_that_has_grown(owner: Owner, steps: Steps) -> None:
    link = add_link(owner, "here")
    run_jobs(owner, "first")
    keep_statistics_of_tiny_tables()
    for number in range(ROUNDS):
        run_jobs(owner, f"round{number}")
        with store.read() as db:
            assert links.used_slugs(db, link.domain_id, SLUGS) == {"here"}
        assert lookup.find(link.domain_id, "here")
    fill_tables(owner)
    before = count_rows_read()
    with store.read() as db:
        assert links.used_slugs(db, link.domain_id, SLUGS) == {"here"}
    assert lookup.find(link.domain_id, "here")
    assert (count_rows_read() - before)["links"] < 10, "although nothing is known of the growth yet"
    sweep.refresh_statistics()
    before = count_rows_read()
    run_jobs(owner, "last")
    rows_read = count_rows_read() - before
    assert {table: count for table, count in rows_read.items() if count > MOST_READ} == {}
    assert rows_read["links"]


def run_jobs(owner: Owner, name: str) -> None:
    """Jobs of all kinds: every column, existing links, reuse, a dry run, failures, a retry, an undo, and a sweep."""
    rows = "".join(f"https://{name}.example/{row},{name}{row},{name}{row},{name}|all\n" for row in range(5))
    full = f"url,slug,external_id,tags\n{rows}nope,,,\n"
    plain = f"url\nhttps://{name}.example/1\nhttps://{name}.example/new\n"
    job_ids = [accept_csv(owner, full), accept_csv(owner, full), accept_csv(owner, plain, duplicates="reuse")]
    accept_csv(owner, full, dry_run=True)
    work_off(ShardKind.CREATE)
    control.retry(read_job(job_ids[0]))
    work_off(ShardKind.CREATE)
    for job_id in job_ids:
        control.undo(read_job(job_id))
    work_off(ShardKind.UNDO)
    sweep.sweep()


def keep_statistics_of_tiny_tables() -> None:
    with store.read() as db:
        for table in db.exec_driver_sql(TABLES).scalars().all():
            db.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        db.exec_driver_sql("VACUUM ANALYZE")


def fill_tables(owner: Owner) -> None:
    values = {"workspace": owner.workspace_id, "domain": default_domain_id(owner)}
    with store.write() as db:
        db.exec_driver_sql(f"CREATE TEMPORARY TABLE numbers ON COMMIT DROP AS SELECT generate_series(1, {GROWTH}) AS n")
        for statement in FILL.split(";"):
            db.execute(text(statement), values)


def count_rows_read() -> Counter[str]:
    """Count the rows that all statements have read so far, by table."""
    with ExitStack() as stack:
        for _ in range(store.engine().pool.checkedin()):  # type: ignore[attr-defined]
            stack.enter_context(store.read()).exec_driver_sql("SELECT pg_stat_force_next_flush()")
    for cursor in store.direct_reader().idle_cursors:
        cursor.execute("SELECT pg_stat_force_next_flush()")
    with store.read() as db:
        return Counter({str(table): int(count) for table, count in db.execute(READ)})
