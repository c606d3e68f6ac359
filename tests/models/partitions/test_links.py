"""Links of a living PostgreSQL are distributed over partitions, and behave as before."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from models import migrate, store
from models.accounts.keys import Owner
from models.errors import Conflict, DuplicateKey, SettingsError
from models.links import links, lookup
from models.partitions import catalog, link_slugs, mirror
from models.partitions import links as link_partitions
from models.tables import links as link_rows
from tests.models.links.new_links import add_link, default_domain_id

pytestmark = [
    pytest.mark.own_database,
    pytest.mark.parametrize("owner", ["postgresql"], indirect=True),
]
COUNT = 4


def test_a_living_table_becomes_partitions(owner: Owner) -> None:
    before = [add_link(owner, f"slug{number}", external_id=f"id{number}") for number in range(20)]
    assert enable() == ["All links are copied. Comparing.", "links is partitioned."]
    after = add_link(owner, "after", external_id="after")
    with store.read() as db:
        assert [links.get(db, link.domain_id, link.slug) for link in before] == before
        assert links.get(db, after.domain_id, "after") == after
        assert len(links.by_external_id(db, owner.workspace_id, [f"id{number}" for number in range(30)])) == 20
        query = "SELECT indexname FROM pg_indexes WHERE tablename = 'links'"
        assert set(db.exec_driver_sql(query).scalars()) == {"links_pkey", *INDEXES}
        of_partition = query.replace("links", "links_00")
        names = {f"links_00_{name}" for name in ("links_pkey", *INDEXES)}
        assert set(db.exec_driver_sql(of_partition).scalars()) == names
    assert {name for name in tables() if name.startswith("links")} == {"links", *PARTITIONS}
    rows = [rows_in(name) for name in PARTITIONS]
    assert (sum(rows), min(rows) > 0) == (21, True)


def test_a_second_run_changes_nothing(owner: Owner) -> None:
    enable()
    assert enable() == ["links is partitioned already."]
    with store.read() as db:
        assert catalog.names(db, "links") == PARTITIONS


def test_what_was_interrupted_goes_on(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first row is copied, between two batches, and when all are copied."""
    monkeypatch.setattr(mirror, "ROWS", 3)
    monkeypatch.setattr(mirror, "BATCHES_A_REPORT", 2)
    first = [add_link(owner, f"slug{number}") for number in range(9)]
    for step in ("models.partitions.mirror.copy_rest", "models.partitions.links._replace"):
        with monkeypatch.context() as patch:
            patch.setattr(step, stop)
            with pytest.raises(KeyboardInterrupt):
                enable()
        with pytest.raises(KeyboardInterrupt):
            link_partitions.partition(COUNT, stop)
    with store.write() as db:
        assert links.remove(db, first[0])
        assert links.change(db, first[1], {"title": "changed", "external_id": "x"})
    add_link(owner, "slug", external_id="y")
    enable()
    with store.read() as db:
        assert links.used_slugs(db, default_domain_id(owner), ["slug", *(link.slug for link in first)]) == {
            "slug",
            *(link.slug for link in first[1:]),
        }
        changed = links.get(db, first[1].domain_id, first[1].slug)
        assert changed
        assert (changed.title, set(links.by_external_id(db, owner.workspace_id, ["x", "y"]))) == ("changed", {"x", "y"})
    assert rows_in("external_ids") == 2


def test_changes_beside_the_copy_are_carried_over(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "ROWS", 5)
    for number in range(0, 400, 2):
        add_link(owner, f"slug{number:03}", external_id=f"id{number}")
    is_done = Event()
    with ThreadPoolExecutor(1) as pool:
        changed = pool.submit(change_until, owner, is_done)
        try:
            enable()
        finally:
            is_done.set()
        expected = changed.result()
    with store.read() as db:
        rows = db.exec_driver_sql("SELECT slug, external_id FROM links ORDER BY slug").all()
        ids = db.exec_driver_sql("SELECT external_id FROM external_ids").scalars()
        assert {row.slug: row.external_id for row in rows} == expected
        assert set(ids) == set(filter(None, expected.values()))


def test_an_external_id_is_unique_and_free_again(owner: Owner) -> None:
    enable()
    first = add_link(owner, "a", external_id="x")
    with pytest.raises(DuplicateKey):
        add_link(owner, "b", external_id="x")
    other = add_link(owner, "b")
    with pytest.raises(DuplicateKey), store.write() as db:
        links.change(db, other, {"external_id": "x"})
    with store.write() as db:
        assert links.change(db, first, {"external_id": None})
        assert links.change(db, other, {"external_id": "x"})
        assert links.remove(db, other)
    add_link(owner, "c", external_id="x")
    add_link(owner, "d", external_id="x", workspace_id=1)


def test_many_slugs_are_looked_up_each_in_its_partition(owner: Owner) -> None:
    enable()
    domain_id = default_domain_id(owner)
    for slug in ("a", "b", 'a "quoted" one'):
        add_link(owner, slug)
    add_link(owner, "c", domain_id=1)
    slugs = ["a", 'a "quoted" one', "c", *(f"free{number}" for number in range(link_slugs.MANY))]
    with store.read() as db:
        assert links.used_slugs(db, domain_id, slugs) == {"a", 'a "quoted" one'}


def test_links_are_looked_up_together(owner: Owner) -> None:
    enable()
    link = add_link(owner, "a", title="A title")
    add_link(owner, "b", domain_id=1)
    domain_id = link.domain_id
    targets = lookup.joint_reads().read({(domain_id, "a"), (domain_id, "b"), (1, "b"), (domain_id, "none")})
    assert {name: target.url for name, target in targets.items()} == {
        (domain_id, "a"): link.url,
        (1, "b"): "https://b.example/",
    }


def test_a_copy_that_lacks_a_row_is_not_used(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    add_link(owner, "a")
    interrupt(monkeypatch)
    with store.write() as db:
        db.exec_driver_sql("DELETE FROM links_next")
    with pytest.raises(Conflict, match="links has 1 rows, and its copy 0"):
        enable()


def test_what_was_begun_can_be_cancelled(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tables()
    interrupt(monkeypatch)
    lines: list[str] = []
    link_partitions.cancel(lines.append)
    link_partitions.cancel(lines.append)
    assert lines == ["links stays one table.", "There is nothing to cancel."]
    assert tables() == before
    add_link(owner, "a")
    enable()


def test_no_migration_runs_while_links_are_copied(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch)
    migrate.upgrade()
    with store.write() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '0015'")
    with pytest.raises(SettingsError, match="--cancel"):
        migrate.upgrade()


PARTITIONS = [f"links_{number:02}" for number in range(COUNT)]
INDEXES = {str(index.name) for index in link_rows.indexes}


def enable() -> list[str]:
    """Partition links, and return what an operator reads."""
    lines: list[str] = []
    link_partitions.partition(COUNT, lines.append)
    return lines


def interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partition links, and stop when all rows are copied."""
    with monkeypatch.context() as patch:
        patch.setattr(link_partitions, "_replace", stop)
        with pytest.raises(KeyboardInterrupt):
            enable()


def tables() -> set[str]:
    with store.read() as db:
        return set(db.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").scalars())


def stop(*_arguments: object, **_options: object) -> None:
    raise KeyboardInterrupt


def change_until(owner: Owner, is_done: Event) -> dict[str, str | None]:
    """Change, remove and add links; return the external ids by slug that there should be."""
    expected: dict[str, str | None] = {f"slug{number:03}": f"id{number}" for number in range(0, 400, 2)}
    domain_id = default_domain_id(owner)
    for number in itertools.cycle(range(0, 400, 2)):
        if is_done.is_set():
            return expected
        slug = f"slug{number:03}"
        with store.write() as db:
            link = links.get(db, domain_id, slug)
            if link and number % 4:
                links.remove(db, link)
                del expected[slug]
            elif link:
                expected[slug] = None if link.external_id else f"again{number}"
                links.change(db, link, {"external_id": expected[slug]})
        if number % 4 and not link:
            add_link(owner, slug, external_id=f"new{number}")
            expected[slug] = f"new{number}"
    raise AssertionError


def rows_in(table: str) -> int:
    with store.read() as db:
        return int(db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
