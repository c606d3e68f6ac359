"""Keys are the same numbers for the same keys, however they are read."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.intake.csv_text.cells import find_cells
from producer.intake.layouts import CSV, Layout
from producer.rules import keys
from producer.rules.judging import JudgingContext
from producer.rules.key_hashes import hash_cells, hash_values
from producer.rules.keys import KeyRules

TWO_COLUMNS = Layout(CSV, columns=["slug", "external_id"], client_columns=2, mapping={"slug": 0, "external_id": 1})
PLAIN = st.text("abzAZ09-_", max_size=12)


def read(text: str, case_sensitive: bool = True, **options: Any) -> list[int]:
    context = JudgingContext(frozenset(), {}, datetime.now(UTC), case_sensitive=case_sensitive)
    rules = KeyRules(TWO_COLUMNS, options, context)
    numbers: list[int] = keys.read(text.encode(), rules, 1, text.count("\n"), 0).tolist()
    return numbers


@given(st.lists(st.tuples(PLAIN, PLAIN), min_size=1, max_size=20), st.booleans())
def test_cells_and_values_have_the_same_numbers(rows: list[tuple[str, str]], case_sensitive: bool) -> None:
    plain = "".join(f"{slug},{external_id}\n" for slug, external_id in rows)
    quoted = "".join(f'"{slug}",{external_id}\n' for slug, external_id in rows)
    assert sorted(read(plain, case_sensitive)) == sorted(read(quoted, case_sensitive))


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), unique=True, max_size=50))
def test_different_values_have_different_numbers(values: list[str]) -> None:
    numbers = hash_values([value for value in values if value])
    assert len(set(numbers.tolist())) == len(numbers)


@pytest.mark.parametrize("slug", [" promo-a", "promo-a ", "promo-ä", "promo-a\u00a0"])
def test_cells_that_may_be_stored_in_another_form_are_no_hashes(slug: str) -> None:
    cells = find_cells(f"promo-a,x\n{slug},y\n".encode(), ",", 2)
    assert cells is not None
    assert hash_cells(cells, 0, True) is None
    assert hash_cells(cells, 1, True) is not None


def test_a_cell_that_is_too_long_to_be_a_key_is_left_to_the_rules() -> None:
    cells = find_cells(f"promo-a,x\n{'a' * 1_000},{'b' * 255}\n".encode(), ",", 2)
    assert cells is not None
    assert hash_cells(cells, 0, True) is None
    assert hash_cells(cells, 1, True) is not None


def test_a_slug_and_an_external_id_of_the_same_text_are_different() -> None:
    assert len(set(read("promo,promo\n"))) == 2


def test_case_matters_in_external_ids_on_every_domain() -> None:
    first, second = read("Promo,A\n", case_sensitive=False), read("promo,a\n", case_sensitive=False)
    assert first[0] == second[0]
    assert first[1] != second[1]
