"""Cursors: what a list gives out comes back as the place that it stands for, and nothing else does."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import cursors
from models.cursors import ClickPosition, ItemPosition, LinkPosition

POSITIONS = st.builds(
    LinkPosition,
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    st.integers(1, 2**63 - 1),
)


def spelled(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(POSITIONS)
def test_a_position_survives_its_cursor_to_the_microsecond(position: LinkPosition) -> None:
    assert cursors.decode_position(cursors.encode_position(position)) == position


def test_a_cursor_may_stand_in_an_address() -> None:
    cursor = cursors.encode_position(LinkPosition(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=1), "~", 1))
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "ü", "====", spelled("1 1"), spelled("1 1 a b"), spelled("x 1 a"), spelled("1 x a"), spelled("1 0 a"),
        spelled("1 -1 a"), spelled(f"1 {1 << 63} a"), spelled(f"{10**30} 1 a"), spelled("1 1 a\0"), "_" * 10_000,
    ],
)  # fmt: skip
def test_what_no_list_has_given_out_is_not_a_position(text: str) -> None:
    assert cursors.decode_position(text) is None
    assert cursors.decode_list_position(text) is None


@given(st.integers(0, cursors.LARGEST_INDEX))
def test_a_position_in_a_job_survives_its_cursor(index: int) -> None:
    cursor = cursors.encode_position(ItemPosition(index))
    assert cursors.decode_list_position(cursor) == ItemPosition(index)
    assert cursors.decode_position(cursor) is None


def test_no_item_is_behind_the_largest_index() -> None:
    assert cursors.decode_list_position(cursors.encode_position(ItemPosition(cursors.LARGEST_INDEX + 1))) is None


@given(POSITIONS)
def test_a_list_goes_on_behind_a_link_too(position: LinkPosition) -> None:
    assert cursors.decode_list_position(cursors.encode_position(position)) == position


@given(st.integers(0, 10**18 - 1), POSITIONS)
def test_a_position_by_clicks_survives_its_cursor(clicks: int, link: LinkPosition) -> None:
    position = ClickPosition(clicks, link)
    assert cursors.decode_list_position(cursors.encode_position(position)) == position


@pytest.mark.parametrize(
    "text",
    [
        *("item x", "item -1", "items 1", f"item {10**30}", "item 1 1 1 a"),
        *("clicks 1", "clicks x 1 1 a", "clicks 1 1 0 a"),
    ],
)
def test_what_names_no_item_is_not_a_position(text: str) -> None:
    assert cursors.decode_list_position(spelled(text)) is None


@given(st.integers(0, 10**18 - 1))
def test_a_number_survives_its_cursor(number: int) -> None:
    assert cursors.decode_number(cursors.encode_number(number)) == number


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "٣", "1 ", "9" * 19])
def test_what_no_list_has_given_out_is_not_a_number(text: str) -> None:
    assert cursors.decode_number(text) is None
