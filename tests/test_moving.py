"""Copies, backups and restores between both stores: every row arrives, and slugs stay unique."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from models import migrate, store
from models.accounts import installation_secrets
from models.accounts.keys import Owner
from models.errors import Conflict, SettingsError
from models.links import slugs
from models.moving import databases, tables
from models.tables import click_batches, clicks, metadata, secrets, slug_counters
from models.tables import items as item_rows
from models.tables import links as link_rows
from producer.intake import upload_store
from producer.moving import installation
from tests.fixtures.databases import new_migrated_url
from tests.fixtures.processes import process_environment
from tests.models.links.new_links import add_link, default_domain_id
from tests.steps import accept_csv, read_job, record_steps
from tests.work import work_off

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}
CSV = "url,slug,title,max_clicks,external_id\n" + "".join(
    f"https://a.b/{n},s{n},Žluť,{n + 1},x{n}\n" for n in range(50)
)


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send no wake-ups: nobody waits for them."""
    record_steps(monkeypatch)


@pytest.fixture
def other_url(owner: Owner, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database of the other store."""
    folder = tmp_path / "other"
    folder.mkdir()
    kind = OTHER[request.node.callspec.params["owner"]]
    url = new_migrated_url(kind, folder, request)
    engine = store.connect_to(url)
    with store.write(on=engine) as db:
        for table in metadata.sorted_tables:
            db.execute(delete(table))
    engine.dispose()
    return url


@pytest.fixture
def other(other_url: str) -> Iterator[Engine]:
    engine = store.connect_to(other_url)
    yield engine
    engine.dispose()


def rows_of(engine: Engine) -> dict[str, Any]:
    """Every row of every table as Python values; the mark of a copy is not one of them."""
    found = {}
    with store.write(on=engine) as db:
        for table in metadata.sorted_tables:
            rows = [tuple(row) for row in db.execute(select(table))]
            found[table.name] = sorted(map(repr, rows))
        mark = installation_secrets.copy_state(db)
    if mark:
        found["secrets"] = [row for row in found["secrets"] if not row.startswith("('copy'")]
    return found


def copy(target: Engine) -> dict[str, int]:
    """Copy this process's database, and return how many rows of each table were written."""
    written: dict[str, int] = {}
    databases.copy(store.engine(), target, lambda done: written.update({done.table: done.written}))
    return {name: count for name, count in written.items() if count}


def fill(owner: Owner) -> str:
    """Do a job, count clicks, and return the name of the job's upload."""
    job = read_job(accept_csv(owner, CSV))
    work_off()
    domain_id = default_domain_id(owner)
    link = {"domain_id": domain_id, "slug": "s1", "generation": 1, "job_id": job.id}
    visitor = {"bot": False, "device": "phone", "country": "NZ", "referrer": "é.example"}
    with store.write() as db:
        for day in (date(2026, 1, 1), date(2026, 1, 2)):
            db.execute(insert(clicks), link | visitor | {"day": day, "count": 3})
        db.execute(insert(click_batches), [{"id": name, "drained_at": 1.5} for name in ("B", "a", "C", "é")])
    return job.upload


def test_every_row_of_every_table_arrives(owner: Owner, other: Engine) -> None:
    fill(owner)
    copy(other)
    assert rows_of(other) == rows_of(store.engine())
    with store.write(on=other) as db:
        assert installation_secrets.copy_state(db) == installation_secrets.COMPLETE


def test_a_second_copy_writes_only_what_has_changed(
    owner: Owner, other: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PAGE_ROWS", 7)
    fill(owner)
    copy(other)
    assert copy(other) == {}
    with store.write() as db:
        db.execute(delete(link_rows).where(link_rows.c.slug.in_(["s3", "s49"])))
        db.execute(delete(click_batches))
        db.execute(update(link_rows).where(link_rows.c.slug == "s5").values(title="new"))
        db.execute(delete(link_rows).where(link_rows.c.slug == "s7"))
    add_link(owner, "s30a")
    assert copy(other)["links"] == 2
    assert rows_of(other) == rows_of(store.engine())


def test_unique_values_may_go_from_one_row_to_another(
    owner: Owner, other: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PAGE_ROWS", 2)
    fill(owner)
    copy(other)
    with store.write() as db:
        db.execute(update(link_rows).where(link_rows.c.slug == "s9").values(external_id=None))
        db.execute(update(link_rows).where(link_rows.c.slug == "s10").values(external_id="x9"))
    copy(other)
    assert rows_of(other) == rows_of(store.engine())


def test_an_interrupted_copy_is_continued_and_cannot_be_used_before(
    owner: Owner, other: Engine, other_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(owner)

    def fail(done: tables.Copy) -> None:
        if done.table == "links":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        databases.copy(store.engine(), other, fail)
    with process_environment({"DATABASE_URL": other_url}), pytest.raises(SettingsError, match="not complete"):
        migrate.upgrade()
    assert "links" not in copy(other)
    assert rows_of(other) == rows_of(store.engine())


def test_a_database_that_is_in_use_is_left_alone(owner: Owner, other: Engine, other_url: str) -> None:
    copy(other)
    with process_environment({"DATABASE_URL": other_url}):
        migrate.upgrade()  # as a start does
    before = rows_of(other)
    with pytest.raises(Conflict, match="another installation"):
        copy(other)
    assert rows_of(other) == before


def test_a_backup_of_either_store_is_restored_to_the_other(owner: Owner, other_url: str, tmp_path: Path) -> None:
    upload = fill(owner)
    before = rows_of(store.engine())
    backup = tmp_path / "backup"
    installation.back_up(backup, print)
    with pytest.raises(Conflict, match="already"):
        installation.back_up(backup, print)
    content = upload_store.read(upload, 0, 10**6)
    with process_environment({"DATABASE_URL": other_url, "DATA_DIR": str(tmp_path / "restored")}):
        installation.restore(backup, print, skipped_slugs=1000)
        after = rows_of(store.engine())
        assert upload_store.read(upload, 0, 10**6) == content
    assert after.pop("slug_counters") != before.pop("slug_counters")
    assert after == before


def test_a_backup_is_restored_where_nothing_was_before(owner: Owner, tmp_path: Path) -> None:
    fill(owner)
    links = rows_of(store.engine())["links"]
    installation.back_up(tmp_path / "backup", print)
    with process_environment({"DATABASE_URL": "", "DATA_DIR": str(tmp_path / "new")}):
        installation.restore(tmp_path / "backup", print)
        assert rows_of(store.engine())["links"] == links
        installation.restore(tmp_path / "backup", print)  # until the first start
        migrate.upgrade()
        with pytest.raises(Conflict, match="another installation"):
            installation.restore(tmp_path / "backup", print)


def test_slugs_that_were_handed_out_after_the_backup_are_not_handed_out_again(
    owner: Owner, other_url: str, tmp_path: Path
) -> None:
    domain_id = default_domain_id(owner)
    installation.back_up(tmp_path / "backup", print)
    with store.write() as db:
        later = [slugs.reserve(db, domain_id, length, 900) for length in (5, 7)]
    with process_environment({"DATABASE_URL": other_url, "DATA_DIR": str(tmp_path / "restored")}):
        installation.restore(tmp_path / "backup", print, skipped_slugs=1000)
        with store.write() as db:
            restored = [slugs.reserve(db, domain_id, length, 900) for length in (5, 7)]
    for (before,), (after,) in zip(later, restored, strict=True):
        assert before.start + before.size <= after.start


def test_a_skip_leaves_most_of_the_short_slugs(owner: Owner) -> None:
    domain_id = default_domain_id(owner)
    with store.write() as db:
        slugs.skip(db, domain_id, installation.SKIPPED_SLUGS)
        query = select(slug_counters.c.length, slug_counters.c.next_value)
        values: dict[int, int] = dict(db.execute(query.where(slug_counters.c.domain_id == domain_id)).all())
    assert values[5] == 62**5 // 100
    assert values[7] == installation.SKIPPED_SLUGS


def test_rows_that_the_source_lacks_are_removed(owner: Owner, other: Engine) -> None:
    copy(other)
    with store.write(on=other) as db:
        db.execute(insert(click_batches), {"id": "stale", "drained_at": 1.0})
        db.execute(insert(item_rows), {"job_id": 1, "index": 0, "line": 2, "status": "created"})
        assert db.execute(select(secrets.c.name)).all()
    copy(other)
    assert rows_of(other) == rows_of(store.engine())
