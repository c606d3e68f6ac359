"""A workspace is removed with every row of it, and no row of another one."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Table, delete, func, insert, select, update

from models import removal, store
from models.accounts.keys import Owner
from models.states import JobStatus
from models.tables import items, job_clicks, job_errors, jobs, keys, links, metadata, tags
from models.tables.columns import Sealed

OF_THE_INSTALLATION = {"secrets", "ended_sessions", "click_batches", "reserved_slugs"}
TABLES = [table for table in metadata.sorted_tables if table.name not in OF_THE_INSTALLATION]
REMOVED = 1000
OTHER = 2000
SHARED_DOMAIN = 7
REVOKED_AT = datetime(2026, 11, 26, tzinfo=UTC)
AFTER = datetime(2026, 11, 28, tzinfo=UTC)
OWN_IDS = {"workspaces": 0, "jobs": 1, "domains": 2, "deliveries": 3}
FIXED_VALUES = {bool: False, date: date(2026, 11, 26), datetime: datetime(2026, 11, 26, tzinfo=UTC)}
WORDS = {"status": "failed", "state": "done", "period": "day"}


@pytest.fixture(params=["own domain", "shared domain", "forgotten job"])
def former_counts(owner: Owner, request: pytest.FixtureRequest) -> dict[str, int]:
    """Two workspaces with a row in each table, on domains of their own or on a shared one, with or without a job.

    The value is what was in the tables before.
    """
    counts = row_counts()
    with store.write() as db:
        for workspace in (REMOVED, OTHER):
            for table in TABLES:
                db.execute(insert(table).values(row_of(table, workspace, shares_domain=request.param != "own domain")))
        if request.param == "forgotten job":
            for table in (jobs, items, job_errors, job_clicks):
                db.execute(delete(table))
    return counts


def row_of(table: Table, workspace: int, shares_domain: bool) -> dict[str, Any]:
    ids = {
        "workspace_id": workspace,
        "job_id": workspace + 1,
        "deleted_by": workspace + 1,
        "delivery_id": workspace + 3,
    }
    ids["domain_id"] = workspace + 2
    if shares_domain and table.name != "slug_counters":
        ids["domain_id"] = SHARED_DOMAIN
    if "id" in table.c:
        ids["id"] = workspace + OWN_IDS.get(table.name, 4)
    return {column.name: ids.get(column.name) or value_of(column, workspace) for column in table.c}


def value_of(column: Column[Any], number: int) -> Any:
    if column.nullable:
        return None
    if column.name in WORDS:
        return WORDS[column.name]
    if isinstance(column.type, JSON):
        return {}
    if isinstance(column.type, Sealed):
        return str(number)
    kind = column.type.python_type
    if kind in FIXED_VALUES:
        return FIXED_VALUES[kind]
    return kind(number)


def test_no_row_of_any_table_remains_and_none_of_another_workspace_is_lost(former_counts: dict[str, int]) -> None:
    with_both = row_counts()
    assert with_both["links"] == 2
    remove(REMOVED)
    for name, count in row_counts().items():
        assert count == (with_both[name] + former_counts[name]) / 2, name
    remove(OTHER)
    assert row_counts() == former_counts


@pytest.mark.usefixtures("former_counts")
def test_rows_that_come_late_are_found_until_the_keys_are_forgotten() -> None:
    remove_rows(REMOVED)
    with store.write() as db:
        assert removal.find_late_rows(db) is None
        db.execute(insert(tags).values(row_of(tags, REMOVED, shares_domain=True)))
        assert removal.find_late_rows(db) == REMOVED
        removal.remove_old_keys(db, REVOKED_AT)
        assert removal.has_old_keys(db, AFTER)
        removal.remove_old_keys(db, AFTER)
        assert removal.find_late_rows(db) is None


@pytest.mark.usefixtures("owner")
def test_many_rows_are_removed_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "ROWS_A_STEP", 2)
    with store.write() as db:
        for number in range(5):
            row = row_of(links, REMOVED, shares_domain=True) | {"slug": f"slug{number}"}
            db.execute(insert(links).values(row | {"generation": 1}))
        assert removal.counts(db, REMOVED)["links"] == 5
        assert removal.step(db, REMOVED)
        assert removal.counts(db, REMOVED)["links"] == 3
    remove(REMOVED)
    assert row_counts()["links"] == 0


@pytest.mark.usefixtures("former_counts")
def test_the_counts_are_those_of_one_workspace() -> None:
    with store.read() as db:
        counts = removal.counts(db, REMOVED)
        assert {counts[name] for name in ("links", "tags", "groups", "keys", "domains", "webhook endpoints")} == {1}
        assert counts["clicks"] == REMOVED


@pytest.mark.usefixtures("owner")
def test_an_active_job_is_seen() -> None:
    for status, is_active in ((JobStatus.RUNNING, True), (JobStatus.COMPLETED, False)):
        with store.write() as db:
            db.execute(delete(jobs))
            row = row_of(jobs, REMOVED, shares_domain=True) | {"status": status}
            db.execute(insert(jobs).values(row))
            assert removal.has_active_job(db, REMOVED) is is_active


def remove(workspace_id: int) -> None:
    remove_rows(workspace_id)
    with store.write() as db:
        removal.remove_old_keys(db, AFTER)


def remove_rows(workspace_id: int) -> None:
    with store.write() as db:
        db.execute(update(keys).where(keys.c.workspace_id == workspace_id).values(revoked_at=REVOKED_AT))
    more = True
    while more:
        with store.write() as db:
            more = removal.step(db, workspace_id)


def row_counts() -> dict[str, int]:
    with store.read() as db:
        return {table.name: db.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES}
