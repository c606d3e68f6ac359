"""The text of a COPY: what PostgreSQL reads is what was given."""

from typing import Any

import pytest

from models.store.copy_text import copy_text, shared_first


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a\tb", r"a\tb"),
        ("a\nb", r"a\nb"),
        ("a\rb", r"a\rb"),
        (r"a\N", r"a\\N"),
        (None, r"\N"),
        (7, "7"),
        (True, "True"),
        ("ü", "ü"),
    ],
)
@pytest.mark.parametrize("beside", [[], ["plain"], [None]])
def test_a_cell_is_the_same_whatever_is_beside_it(value: Any, cell: str, beside: list[Any]) -> None:
    column = [value, *beside]
    assert copy_text({"a": column}, len(column)).decode().split("\n")[0] == cell
    assert copy_text({"a": value}, 2).decode() == f"{cell}\n{cell}\n"


def test_columns_stand_beside_each_other() -> None:
    columns = {"list": ["a", None], "range": range(5, 7), "same": "x", "none": None}
    assert copy_text(columns, 2).decode() == "a\t5\tx\t\\N\n\\N\t6\tx\t\\N\n"


def test_columns_with_one_value_for_all_rows_come_first() -> None:
    columns = shared_first({"list": ["a", None], "same": "x\t", "range": range(5, 7), "none": None})
    assert list(columns) == ["same", "none", "list", "range"]
    assert copy_text(columns, 2).decode() == "x\\t\t\\N\ta\t5\nx\\t\t\\N\t\\N\t6\n"


@pytest.mark.parametrize("column", [[1, 2], [None, None], ["a", 1], ["a\n", None], ["", ""]])
def test_columns_of_every_kind_keep_their_values(column: list[Any]) -> None:
    lines = copy_text({"a": column}, 2).decode().removesuffix("\n").split("\n")
    assert lines == [copy_text({"a": value}, 1).decode().removesuffix("\n") for value in column]
