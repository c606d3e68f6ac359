"""Items of a living PostgreSQL are partitioned by time; the sweep's chore creates and drops partitions."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from alembic import command

from models import migrate, store
from models.accounts.keys import Owner
from models.errors import Conflict
from models.ids import creation_of, first_id, new_id
from models.jobs import items, retention
from models.jobs.jobs import Job
from models.partitions import brief_locks, catalog, item_ranges, upkeep
from models.partitions import items as item_partitions
from models.partitions.catalog import Partition
from models.states import ItemStatus, JobStatus
from tests.models.jobs.making import add_items, change, claim, finish, make_job
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.own_database,
    pytest.mark.parametrize("owner", ["postgresql"], indirect=True),
]
NOW = datetime.now(UTC)
DAYS = 7
ROWS = 100


def test_a_living_table_becomes_the_first_partition(owner: Owner) -> None:
    before = make_job(owner)
    add_items(before, {0: ItemStatus.CREATED, 1: ItemStatus.EXISTING})
    assert enable() == ["Reading items", "items is partitioned"]
    after = make_job(owner)
    write_items(after, 3)
    first, second, rest = parts()
    assert (first.name, first.first, rest) == ("items_before", None, Partition("items_other", None, None))
    assert first.end == second.first
    assert creation_of(first.end or 0) - NOW > timedelta(days=DAYS)
    assert creation_of(second.end or 0) - creation_of(second.first or 0) == timedelta(days=DAYS)
    assert (rows_in("items_before"), rows_in("items_other")) == (5, 0)
    with store.read() as db:
        assert [item.status for item in items.results(db, before.id)] == ["created", "existing"]
        names = db.exec_driver_sql("SELECT indexname FROM pg_indexes WHERE tablename = 'items'").scalars()
        assert set(names) == {"items_pkey", "items_named_idx"}
        assert valid_indexes(db, "items_before") == valid_indexes(db, second.name) == 2


def test_writers_go_on_while_the_table_is_partitioned(owner: Owner) -> None:
    job = make_job(owner, 0)
    is_done = Event()
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write_until, job, is_done)
        try:
            wait_until(lambda: rows_in("items") > ROWS)
            enable()
            reached = rows_in("items")
            wait_until(lambda: rows_in("items") > reached + ROWS)
        finally:
            is_done.set()
        assert written.result() == rows_in("items_before")


def test_a_second_run_changes_nothing(owner: Owner) -> None:
    enable()
    before = parts()
    assert enable() == ["items is partitioned already."]
    assert parts() == before


def test_what_was_interrupted_goes_on(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(item_partitions, "_replace", lambda *_args, **_options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            enable()
    add_items(make_job(owner), {0: ItemStatus.CREATED})
    assert upkeep.keep(NOW) == {"given_up": 0}
    enable()
    assert len(parts()) == 3


def test_what_was_interrupted_and_left_is_undone_in_time(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_partitions, "MARGIN", timedelta())
    brief_locks.change(item_partitions._bound)
    assert upkeep.keep(NOW) == {"given_up": 1}
    far = make_job(owner, id=first_id(NOW + timedelta(days=9)))
    add_items(far, {0: ItemStatus.CREATED})


def test_a_transaction_that_uses_the_table_is_waited_for_briefly(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brief_locks, "LOCK_SECONDS", 0.01)
    monkeypatch.setattr(brief_locks, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(brief_locks, "TRIES", 2)
    job = make_job(owner)
    with store.write() as db:
        items.write(db, {"job_id": job.id, "index": range(2), "line": 2, "status": ItemStatus.CREATED}, 2)
        with pytest.raises(Conflict, match="Run this again"):
            enable()
    enable()
    assert rows_in("items_before") == 2


def test_rows_whose_partition_is_missing_are_taken_all_the_same(owner: Owner) -> None:
    enable()
    late = make_job(owner, id=first_id(NOW + timedelta(days=40)))
    write_items(late, 3)
    assert rows_in("items_other") == 3
    with store.read() as db:
        assert not item_ranges.will_drop(db, late.id)


def test_partitions_are_created_before_their_time(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    enable()
    assert upkeep.keep(NOW) == {"created": 0, "dropped": 0}
    monkeypatch.setattr(item_ranges, "AHEAD", timedelta(days=28))
    assert upkeep.keep(NOW) == {"created": 2, "dropped": 0}
    ranges = parts()[1:-1]
    assert [part.end for part in ranges[:-1]] == [part.first for part in ranges[1:]]


def test_a_partition_that_comes_late_leaves_alone_what_the_default_one_took(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    enable()
    late = make_job(owner, id=first_id(NOW + timedelta(days=16)))
    write_items(late, 1)
    monkeypatch.setattr(item_ranges, "AHEAD", timedelta(days=20))
    assert upkeep.keep(NOW)["created"] == 1
    newest = parts()[-2]
    assert creation_of(newest.first or 0) == item_ranges.midnight_after(NOW + timedelta(days=16))
    write_items(late, 2, first=1)
    assert (rows_in("items_other"), rows_in(newest.name)) == (3, 0)


def test_a_partition_is_dropped_when_all_of_its_jobs_are_cleared(owner: Owner) -> None:
    name = enable_with_next()
    cleared = make_job_in(name, owner)
    kept = make_job_in(name, owner)
    end(cleared)
    clear()
    assert rows_in(name) == 4, "what is cleared goes with the partition"
    assert upkeep.keep(FAR)["dropped"] == 1, "items_before has no job"
    assert name in names()
    end(kept)
    clear()
    assert upkeep.keep(NOW)["dropped"] == 0, "its time is not over"
    assert upkeep.keep(FAR)["dropped"] == 1
    assert name not in names()
    write_items(make_job(owner, id=cleared.id + 7), 1)
    assert rows_in("items_other") == 1


def test_a_job_that_its_user_deletes_leaves_no_item(owner: Owner) -> None:
    name = enable_with_next()
    cleared = make_job_in(name, owner)
    end(cleared)
    clear()
    deleted = make_job_in(name, owner)
    end(deleted)
    with store.write() as db:
        assert retention.forget(db, cleared)
        assert retention.forget(db, deleted)
    clear()
    assert rows_in(name) == 0


def test_the_first_partition_is_cleared_row_by_row(owner: Owner) -> None:
    enable()
    end(make_job_in("items_before", owner))
    clear()
    assert rows_in("items_before") == 0


def test_roles_that_read_items_go_on(owner: Owner) -> None:
    with store.write() as db:
        db.exec_driver_sql("GRANT SELECT ON items TO PUBLIC")
    enable()
    with store.read() as db:
        query = "SELECT has_table_privilege('pg_monitor', 'items', 'SELECT')"
        assert db.exec_driver_sql(query).scalar_one()


def test_a_migration_builds_an_index_of_each_partition(owner: Owner) -> None:
    enable()
    command.downgrade(migrate.config(), "0014")
    assert index_counts() == [1, 1, 1, 1]
    migrate.upgrade()
    assert index_counts() == [2, 2, 2, 2]


FAR = NOW + timedelta(days=60)


def enable() -> list[str]:
    """Partition items, and return the beginnings of what an operator reads."""
    lines: list[str] = []
    item_partitions.partition(DAYS, lines.append)
    return [line.partition(":")[0] for line in lines]


def enable_with_next() -> str:
    """Partition items, and let there be a third partition; return the name of the second."""
    enable()
    second = parts()[1]
    with store.write() as db:
        start = creation_of(second.end or 0)
        item_ranges.create(db, start, start + timedelta(days=DAYS))
    return second.name


def parts() -> list[Partition]:
    with store.read() as db:
        return catalog.partitions(db, "items")


def write_until(job: Job, is_done: Event) -> int:
    """Write items of a job, one transaction after the other; return how many."""
    rows = 0
    while not is_done.is_set():
        write_items(job, ROWS, first=rows)
        rows += ROWS
    return rows


def names() -> list[str]:
    return [part.name for part in parts()]


def make_job_in(name: str, owner: Owner) -> Job:
    """A job of two rows whose items are in a partition."""
    (part,) = [part for part in parts() if part.name == name]
    job = make_job(owner, 2, 2, id=(part.end or 0) - 1 - new_id() % 1000)
    finish(claim())
    write_items(job, 2)
    return job


def write_items(job: Job, rows: int, first: int = 0) -> None:
    columns = {"job_id": job.id, "index": range(first, first + rows), "line": 2, "status": ItemStatus.CREATED}
    with store.write() as db:
        items.write(db, columns, rows)


def end(job: Job) -> None:
    change(job, status=JobStatus.COMPLETED, finished_at=NOW - timedelta(days=31))


def clear() -> None:
    """Clear what is over, as the chore does."""
    with store.write() as db:
        retention.mark_over(db, NOW - timedelta(days=30))
    while True:
        with store.write() as db:
            step = retention.step(db)
        if step is None:
            return
        if step.is_last:
            with store.write() as db:
                retention.finish(db, step.job)


def index_counts() -> list[int]:
    """Count the valid indexes of items, and those of each partition."""
    with store.read() as db:
        return [valid_indexes(db, name) for name in ("items", *names())]


def valid_indexes(db: store.Connection, table: str) -> int:
    query = "SELECT count(*) FROM pg_index WHERE indisvalid AND indrelid = CAST(%s AS regclass)"
    return int(db.exec_driver_sql(query, (table,)).scalar_one())


def rows_in(table: str) -> int:
    with store.read() as db:
        return int(db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
