"""Migrations make the tables as models.tables has them, lose nothing, and go back."""

from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Double, Integer, func, select
from sqlalchemy.types import TypeEngine

from models import migrate, settings, states, store
from models.accounts import domains as accounts_domains
from models.accounts import installation_secrets
from models.accounts.keys import Owner
from models.errors import SettingsError
from models.jobs import items
from models.states import ItemStatus, JobKind
from models.tables import deleted_links, domains, keys, link_clicks, links, metadata, search_blocks, unindexed
from models.tables import items as item_rows
from models.tables.columns import SealedBytes, Time
from tests.fixtures.databases import STORES, new_database_url
from tests.fixtures.processes import process_environment
from tests.models.jobs.making import add_items, make_job, read
from tests.shared_app import shared_app
from web.ops.prepare import prepare

HOSTS = 12
YOUNGER_TABLES = (deleted_links, search_blocks, unindexed)
"""Those that later migrations make than the one to which a test goes back."""

pytestmark = pytest.mark.own_database


def test_migrations_make_the_tables_as_they_are_written_down(owner: Owner) -> None:
    with store.engine().connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(context, metadata) == []


def test_a_second_upgrade_changes_nothing(owner: Owner) -> None:
    with store.read() as db:
        before = [installation_secrets.read(db, name) for name in installation_secrets.ALL]
    migrate.upgrade()
    with store.read() as db:
        assert [installation_secrets.read(db, name) for name in installation_secrets.ALL] == before
        assert db.execute(select(func.count()).select_from(domains)).scalar() == 1
        assert db.execute(select(domains.c.hostname)).scalar() == settings.get().authority


def test_migrations_go_back_and_forth(owner: Owner) -> None:
    command.downgrade(migrate.config(), "base")
    migrate.upgrade()
    with store.engine().connect() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []


def test_a_row_of_each_table_goes_back_and_forth_unchanged(owner: Owner) -> None:
    with store.write() as db:
        for table in metadata.sorted_tables:
            if table not in YOUNGER_TABLES:
                db.execute(table.insert(), {column.name: value_for(column) for column in table.columns})
    before = read_everything()
    command.downgrade(migrate.config(), "0010")
    migrate.upgrade()
    after = read_everything()
    assert after.pop("unindexed") != before.pop("unindexed") == set()
    assert after == before


def value_for(column: Column[Any]) -> Any:
    if column.name == "status":
        return ItemStatus.FAILED
    if column is link_clicks.c.total:
        return VALUES[Integer] * 2  # of `clicks`, and the opening clicks
    if column.name == "changes":  # a younger migration makes this one
        return None
    if isinstance(column.type, Time | DateTime):
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for kind, value in VALUES.items():
        if isinstance(column.type, kind):
            return value
    return f"{column.name} ü"


VALUES: dict[type[TypeEngine[Any]], Any] = {
    Boolean: False, Integer: 77, Double: 1.5, Date: date(2026, 1, 2), JSON: {"a": 1}, SealedBytes: b"a secret",
}  # fmt: skip


def read_everything() -> dict[str, set[str]]:
    with store.read() as db:
        return {table.name: set(map(str, db.execute(table.select()))) for table in metadata.sorted_tables}


def test_statuses_are_a_type_that_people_compare_with_text(owner: Owner) -> None:
    job = make_job(owner, 0)
    add_items(job, dict(enumerate(states.RESULT_STATUSES)))
    with store.read() as db:
        rows = db.exec_driver_sql("SELECT status FROM items WHERE status = 'created' OR status IN ('failed')").all()
        assert {row.status for row in rows} == {"created", "failed"}
        assert [item.status for item in items.results(db, job.id)] == list(states.RESULT_STATUSES)


def test_what_an_undo_deleted_was_called_created_before(owner: Owner) -> None:
    job = make_job(owner, 0, kind=JobKind.UNDO, total=3, deleted=2, existing=1)
    add_items(job, {0: ItemStatus.DELETED, 1: ItemStatus.EXISTING, 2: ItemStatus.DELETED})
    other = make_job(owner, 0, created=1)
    add_items(other, {0: ItemStatus.CREATED})
    command.downgrade(migrate.config(), "0004")
    with store.read() as db:
        rows = db.exec_driver_sql("SELECT id, created, existing FROM jobs").all()
        assert {tuple(row) for row in rows} == {(job.id, 2, 1), (other.id, 1, 0)}
        assert set(db.execute(select(item_rows.c.status)).scalars()) == {"created", "existing"}
    migrate.upgrade()
    assert (read(job.id).created, read(job.id).deleted, read(job.id).existing) == (0, 2, 1)
    assert (read(other.id).created, read(other.id).deleted) == (1, 0)
    with store.read() as db:
        assert [item.status for item in items.results(db, job.id)] == ["deleted", "existing", "deleted"]
        assert [item.status for item in items.results(db, other.id)] == ["created"]


def test_an_upgrade_keeps_what_an_open_dry_run_shares(owner: Owner) -> None:
    job = make_job(owner, 0, dry_run=True)
    add_items(job, {0: ItemStatus.CREATED}, input='{"lone": true, "url": "https://a.example/"}')
    add_items(job, {1: ItemStatus.CREATED}, input='{"url": "https://a.example/"}')
    command.downgrade(migrate.config(), "0004")
    migrate.upgrade()
    query = select(item_rows.c.shares_url).order_by(item_rows.c.index)
    with store.read() as db:
        assert list(db.execute(query).scalars()) == [None, True]


def test_older_domains_stay_case_sensitive_and_older_links_have_no_opening_clicks(owner: Owner) -> None:
    command.downgrade(migrate.config(), "0005")
    with store.write() as db:
        db.exec_driver_sql(
            "INSERT INTO links (domain_id, slug, generation, workspace_id, job_id, url) VALUES (1, 'a', 1, 1, 1, 'u')"
        )
    migrate.upgrade()
    with store.read() as db:
        assert list(db.execute(select(domains.c.case_sensitive)).scalars()) == [True]
        assert db.execute(select(links.c.comment, links.c.opening_clicks)).one() == (None, None)


def test_a_domain_that_served_before_proofs_were_asked_for_goes_on_serving(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.downgrade(migrate.config(), "0007")
    with store.write() as db:
        add = "INSERT INTO domains (id, workspace_id, hostname) VALUES (5, 1, 'go.acme.com')"
        db.exec_driver_sql(add)
    migrate.upgrade()
    monkeypatch.setenv("ALLOW_UNPROVEN_DOMAINS", "0")
    settings.get.cache_clear()
    with store.read() as db:
        assert accounts_domains.find_for_host(db, "go.acme.com").id == 5
        assert accounts_domains.find_for_host(db, "unknown.acme.com").is_default


def prepare_as_a_host(_number: int) -> None:
    prepare(shared_app())


@pytest.mark.slow
@pytest.mark.parametrize("kind", STORES)
def test_twelve_hosts_prepare_an_empty_database_at_once(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    url = new_database_url(kind, tmp_path, request)
    shared_app()
    with process_environment({"DATA_DIR": str(tmp_path), "DATABASE_URL": url}):
        with get_context("fork").Pool(HOSTS) as pool:
            pool.map(prepare_as_a_host, range(HOSTS))
        with store.read() as db:
            assert db.execute(select(func.count()).select_from(keys)).scalar() == 1
            assert db.execute(select(func.count()).select_from(domains)).scalar() == 1
    assert (tmp_path / "first-key.json").exists()


def test_a_database_of_a_later_version_is_refused_in_one_line(owner: Owner) -> None:
    with store.write() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match=r"migrated this database to revision 9999, .* up to 0"):
        migrate.upgrade()
