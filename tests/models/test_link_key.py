"""Link keys: the public id of a link, and the rows of other tables that belong to it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import store
from models.accounts.keys import Owner
from models.link_key import LinkKey, columns_of, format_link_id, parse_link_id, rows_of, rows_of_slugs
from models.tables import uses

KEYS = st.builds(
    LinkKey,
    st.integers(1, 2**63 - 1),
    st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=190),
    st.integers(0, 2**31 - 1),
)


@given(KEYS)
def test_an_id_names_the_key_that_it_was_made_of(key: LinkKey) -> None:
    link_id = format_link_id(key)
    assert parse_link_id(link_id) == key
    assert re.fullmatch(r"[A-Za-z0-9_~-]+", link_id), "it is a part of a path"


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "1-2", "1-2-", "0-2-a", "1--a", "-1-2-a", "01-2-a", "1-02-a", "A-2-a", "1-2-a b", "1-2-ä", "1-2-a\n",
        "1-80000000-a", "8000000000000000-2-a", "1-2-" + "x" * 65, "1-2-a/b", "1-2-~",
        "1-2-~YQ", "1-2-~YS9j_", "1-2-~_w", "1-2-~YS8AYg", "1-2-~YS9", "1-2-~YS9i=",
    ],
)  # fmt: skip
def test_any_other_text_is_not_an_id(text: str) -> None:
    assert parse_link_id(text) is None


def test_the_largest_numbers_of_a_key_are_an_id() -> None:
    assert parse_link_id("7fffffffffffffff-7fffffff-a") == LinkKey(2**63 - 1, "a", 2**31 - 1)


def test_rows_are_those_of_this_very_link(owner: Owner) -> None:
    keys = [LinkKey(1, "a", 7), LinkKey(1, "b", 7), LinkKey(2, "a", 7)]
    with store.write() as db:
        db.execute(uses.insert(), [key._asdict() | {"used": 1} for key in keys])
        matching = db.execute(uses.select().where(rows_of(uses, keys[0])))
        assert [(row.domain_id, row.slug, row.generation) for row in matching] == [keys[0]]
        assert not db.execute(uses.select().where(rows_of(uses, LinkKey(1, "a", 8)))).all()


def test_rows_of_slugs_may_have_another_generation(owner: Owner) -> None:
    keys = [LinkKey(1, "a", 7), LinkKey(1, "a", 8), LinkKey(1, "b", 7), LinkKey(2, "b", 7), LinkKey(2, "a", 7)]
    with store.write() as db:
        db.execute(uses.insert(), [key._asdict() | {"used": 1} for key in keys])
        matching = db.execute(uses.select().where(rows_of_slugs(uses, [LinkKey(1, "a", 7), LinkKey(2, "b", 7)])))
        assert {LinkKey(row.domain_id, row.slug, row.generation) for row in matching} == {keys[0], keys[1], keys[3]}


def test_the_key_columns_of_a_table_join_it_to_another(owner: Owner) -> None:
    other = uses.alias("other")
    with store.write() as db:
        db.execute(uses.insert(), [LinkKey(1, slug, 7)._asdict() | {"used": 1} for slug in "ab"])
        joined = uses.join(other, rows_of(uses, columns_of(other)))
        assert len(db.execute(joined.select()).all()) == 2
