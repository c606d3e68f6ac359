from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from producer.fields.column_checks import PART, prove
from producer.fields.item_fields import ITEM_FIELDS, WIDE_SLUG, ItemField
from producer.fields.item_rules import InvalidValue
from tests.examples import examples

CHECKED = [field for field in ITEM_FIELDS if field.check]
LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
ODD = {
    "url": ["https://a.b/c", "http://x.y", " https://a.b", "https://u@a.b/", "ftp://a.b", "HTTPS://A.B", "", "https://é.x/ü"],
    "slug": ["a", "A_-9", "x" * 64, "x" * 65, "é", " a", "", "a b"],
    "expires_at": [
        "2027-12-31T23:59:59Z", "2027-02-30T00:00:00Z", "2027-01-01T24:00:00Z", "0000-01-01T00:00:00Z",
        "2027-01-01", "2027-01-01T00:00:00", "٢٠٢٧-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "",
    ],
    "created_at": [
        "2020-12-31T23:59:59Z", "2020-02-30T00:00:00Z", "2020-01-01T24:00:00Z", "0000-01-01T00:00:00Z",
        "2020-01-01", "2020-01-01T00:00:00", "9999-12-31T23:59:59Z", "",
    ],
}  # fmt: skip
TEXTS = ["a", " a", "a ", "x" * 255, "x" * 256, "x" * 500, "x" * 501, "", "\u2028", "é😀"]


def by_rule(field: ItemField, value: str) -> Any:
    """What the rule makes of a value as a column has it: an empty one is none."""
    if not value:
        return None
    try:
        return field.rule(value) or None
    except InvalidValue:
        return InvalidValue


@settings(max_examples=examples(300), deadline=None)
@given(st.data())
def test_a_column_is_proved_only_when_each_of_its_values_keeps_the_rule(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(CHECKED))
    values = st.sampled_from(ODD.get(field.name, TEXTS))
    column = data.draw(
        st.lists(st.one_of(values, values, values, st.text(LETTERS, max_size=12)), min_size=1, max_size=4)
    )
    assert field.check is not None
    for value, proved in zip(column, field.check(list(column)) or [], strict=False):
        if proved is not None:
            assert (proved or None) == by_rule(field, value)


@settings(max_examples=examples(300), deadline=None)
@given(st.data())
def test_what_is_proved_of_a_mixed_column_is_what_the_rule_says(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(CHECKED))
    values: st.SearchStrategy[Any] = st.sampled_from([*ODD.get(field.name, TEXTS), None, 7])
    column = data.draw(st.lists(values, min_size=1, max_size=3 * PART))
    assert field.check is not None
    proof = prove(field.check, column)
    for place, value in enumerate(column):
        if place not in proof.unproven:
            assert value != 7
            assert (proof.values[place] or None) == by_rule(field, value or "")


def test_an_odd_value_costs_few_others_their_proof() -> None:
    for field in CHECKED:
        common = ODD.get(field.name, TEXTS)[0]
        column: list[Any] = [common] * 10 * PART
        column[5 * PART] = 7
        column[7 * PART] = ""
        assert field.check is not None
        assert len(prove(field.check, column).unproven) <= PART, field.name


def test_a_column_of_common_values_is_proved() -> None:
    """Else the test above would hold for checks that never prove anything."""
    for field in CHECKED:
        assert field.check is not None
        assert field.check([ODD.get(field.name, TEXTS)[0]] * 3) is not None, field.name


WIDE_SLUGS = [
    "a/b",
    "a",
    "",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/./b",
    "a/..",
    "a.b",
    "~",
    "x" * 190,
    "x" * 191,
    "ü",
    "a b",
]


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(st.sampled_from(WIDE_SLUGS), min_size=1, max_size=4))
def test_a_column_of_wide_slugs_is_proved_only_when_each_keeps_the_rule(column: list[str]) -> None:
    assert WIDE_SLUG.check is not None
    proved = WIDE_SLUG.check(list(column))
    if proved is not None:
        assert [value or None for value in proved] == [by_rule(WIDE_SLUG, value) for value in column]
    if set(column) <= {"a/b", "a", "", "a.b", "~", "x" * 190}:
        assert proved == column


def test_the_fields_with_values_of_one_common_form_have_a_check() -> None:
    assert {field.name for field in CHECKED} >= {"url", "slug", "title", "expires_at", "utm_source", "external_id"}


def test_a_whole_column_is_tried_once_and_then_in_parts() -> None:
    sizes: list[int] = []

    def check(column: list[str]) -> None:
        sizes.append(len(column))

    prove(check, ["a"] * (PART + 1))
    assert sizes == [PART + 1, PART, 1]
    sizes.clear()
    prove(check, ["a", ""])
    assert sizes == [2, 1, 1]
