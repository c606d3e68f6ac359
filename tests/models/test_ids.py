"""Ids: they sort by the time of their creation, and a text that is no id finds nothing."""

import time

import pytest

from models.ids import EPOCH_MS, RANDOM_BITS, new_id, parse_id


def test_an_id_begins_with_the_millisecond_of_its_creation() -> None:
    before = int(time.time() * 1000)
    created_at = (new_id() >> RANDOM_BITS) + EPOCH_MS
    assert before <= created_at <= int(time.time() * 1000)


def test_later_ids_are_larger() -> None:
    first = new_id()
    time.sleep(0.002)
    assert new_id() > first


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id() for _ in range(3)}) == 3


def test_an_id_is_parsed_from_its_text() -> None:
    key_id = new_id()
    assert parse_id(str(key_id)) == key_id


def test_a_number_that_no_column_can_hold_is_0() -> None:
    assert parse_id(str(2**63 - 1)) == 2**63 - 1, "ids have 19 digits from 2032 on"
    assert parse_id(str(2**63)) == 0
    assert parse_id("9" * 19) == 0
    assert parse_id("9" * 5000) == 0


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", " 1", "1_000", "0x1", "one", "٣", "²", "1\n"])
def test_a_text_that_is_not_an_id_is_0(text: str) -> None:
    assert parse_id(text) == 0
