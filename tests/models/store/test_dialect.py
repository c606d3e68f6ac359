"""Each database does what models.store.dialect asks of it: one suite for all of them."""

import time
from typing import Any

import pytest
from sqlalchemy import insert, select, true
from sqlalchemy.exc import IntegrityError

from models import store
from models.accounts.keys import Owner
from models.errors import DuplicateKey
from models.tables import clicks, secrets, slug_counters

TEXTS = ["plain", "a\tb", "a\nb", "a\\b", "ü", "", r"\N"]


def test_the_clock_is_that_of_the_database_in_seconds(owner: Owner) -> None:
    with store.write() as db:
        first = db.execute(select(store.dialect().clock())).scalar_one()
        second = db.execute(select(store.dialect().clock())).scalar_one()
    assert abs(first - time.time()) < 60
    assert first < second, "it goes on within a transaction"


def test_a_batch_is_stored_as_it_was_given(owner: Owner) -> None:
    columns = {"domain_id": 1, "length": range(len(TEXTS)), "next_value": [7] * len(TEXTS)}
    with store.write() as db:
        store.dialect().bulk_insert(db, slug_counters, columns, len(TEXTS))
    query = select(slug_counters.c.length, slug_counters.c.next_value).where(slug_counters.c.domain_id == 1)
    with store.read() as db:
        assert sorted(tuple(row) for row in db.execute(query)) == [(at, 7) for at in range(len(TEXTS))]


def test_any_text_survives_a_batch(owner: Owner) -> None:
    with store.write() as db:
        store.dialect().bulk_insert(db, clicks, click_columns(TEXTS), len(TEXTS))
    with store.read() as db:
        assert set(db.execute(select(clicks.c.slug)).scalars()) == set(TEXTS)


def test_a_batch_with_a_key_that_exists_fails_as_a_whole(owner: Owner) -> None:
    for _ in range(2):
        with pytest.raises(DuplicateKey), store.write() as db:
            store.dialect().bulk_insert(db, clicks, click_columns(["a", "b", "a"]), 3)
    with store.read() as db:
        assert db.execute(select(clicks)).all() == []


def test_counts_of_keys_that_exist_are_added_up(owner: Owner) -> None:
    for slugs in (["a", "b"], ["b", "c"]):
        columns = {name: [value] * 2 for name, value in click_columns([]).items()} | {"slug": slugs}
        with store.write() as db:
            store.dialect().bulk_add_counts(db, clicks, columns, "count")
    with store.read() as db:
        rows = db.execute(select(clicks.c.slug, clicks.c.count).order_by(clicks.c.slug)).all()
    assert rows == [("a", 1), ("b", 2), ("c", 1)]


def test_of_many_values_those_that_exist_are_found(owner: Owner) -> None:
    with store.write() as db:
        store.dialect().bulk_insert(db, clicks, click_columns(TEXTS), len(TEXTS))
    with store.read() as db:
        among = [*TEXTS, "other", *(f"x{number}" for number in range(40_000))]
        existing = set(store.dialect().find_existing(db, clicks.c.slug, among, true()))
        none = set(store.dialect().find_existing(db, clicks.c.slug, among, clicks.c.domain_id == 2))
        matched = [matching(db, values) for values in (["ü", "other"], ["plain", 'a"b'], [])]
    assert matched == [["ü"], ["plain"], []]
    assert (existing, none) == (set(TEXTS), set())


def matching(db: store.Connection, values: list[str]) -> list[str]:
    return list(db.execute(select(clicks.c.slug).where(store.dialect().is_one_of(clicks.c.slug, values))).scalars())


def test_an_insert_can_leave_what_exists(owner: Owner) -> None:
    leave = store.dialect().insert(secrets).on_conflict_do_nothing()
    with store.write() as db:
        db.execute(leave, [{"name": "n", "value": b"first"}])
        db.execute(leave, [{"name": "n", "value": b"second"}])
        assert db.execute(select(secrets.c.value).where(secrets.c.name == "n")).scalar_one() == b"first"


def test_a_wrong_statement_is_not_transient(owner: Owner) -> None:
    with store.write() as db:
        db.execute(insert(secrets).values(name="n", value=b""))
    with pytest.raises(IntegrityError) as caught, store.write() as db:
        db.execute(insert(secrets).values(name="n", value=b""))
    assert not store.dialect().is_transient(caught.value)


def test_a_connection_has_one_owner(owner: Owner) -> None:
    with store.write() as db:
        first = store.dialect().owner(db)
        assert store.dialect().owner(db) == first
    assert first.partition(" ")[0].isdigit()


def test_a_transaction_that_fails_writes_nothing(owner: Owner) -> None:
    with pytest.raises(RuntimeError):
        _write_and_fail()
    with store.read() as db:
        assert db.execute(select(secrets.c.name).where(secrets.c.name == "n")).first() is None


def _write_and_fail() -> None:
    with store.write() as db:
        db.execute(insert(secrets).values(name="n", value=b""))
        raise RuntimeError


def click_columns(slugs: list[str]) -> dict[str, Any]:
    return {
        "domain_id": 1,
        "slug": slugs,
        "generation": 1,
        "day": "2026-01-02",
        "bot": False,
        "device": "desktop",
        "country": "",
        "referrer": "",
        "job_id": 0,
        "count": 1,
    }
