"""Rows as values: fields are read from the columns of the same names."""

from dataclasses import dataclass
from typing import NamedTuple

import pytest
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import NoResultFound

from models import store
from models.accounts.keys import Owner
from models.store import rows
from models.tables import uses


class Used(NamedTuple):
    used: int
    slug: str


@dataclass(frozen=True, slots=True)
class UsedToo:
    used: int
    slug: str


@pytest.fixture(autouse=True)
def three(owner: Owner) -> None:
    with store.write() as db:
        new_rows = [{"domain_id": 1, "generation": 7, "slug": slug, "used": n} for n, slug in enumerate("abc")]
        db.execute(insert(uses), new_rows)


@pytest.mark.parametrize("kind", [Used, UsedToo])
def test_columns_follow_the_order_of_the_fields(kind: type) -> None:
    assert [column.name for column in rows.columns(uses, kind)] == ["used", "slug"]


def test_many_are_a_list_of_values() -> None:
    with store.read() as db:
        query = select(*rows.columns(uses, Used)).order_by(uses.c.slug)
        assert rows.many(db, Used, query) == [Used(0, "a"), Used(1, "b"), Used(2, "c")]


def test_one_or_none_is_the_value_or_nothing() -> None:
    query = select(*rows.columns(uses, UsedToo)).where(uses.c.slug == bindparam("wanted"))
    with store.read() as db:
        assert rows.one_or_none(db, UsedToo, query, {"wanted": "b"}) == UsedToo(1, "b")
        assert rows.one_or_none(db, UsedToo, query, {"wanted": "x"}) is None
        assert rows.one(db, UsedToo, query, {"wanted": "c"}) == UsedToo(2, "c")
        with pytest.raises(NoResultFound):
            rows.one(db, UsedToo, query, {"wanted": "x"})
