"""Order of rows that change links: shards that may name the same link follow each other."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from producer.intake.cutting import ShardRange
from producer.intake.layouts import CSV, NDJSON, Layout
from producer.rules.judging import JudgingContext
from producer.rules.keys import KeyRules
from producer.rules.order import cut_in_order

CONTEXT = JudgingContext(frozenset(), {}, datetime.now(UTC))


def after_indexes(rows: list[dict[str, Any]], **options: Any) -> list[int | None]:
    """What each of the shards, of two rows each, waits for."""
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    rules = KeyRules(Layout(NDJSON, shard_rows=2, changes="on_existing" not in options), options, CONTEXT)
    return [shard.after_index for shard in _cut(data, rules)]


def _cut(data: bytes, rules: KeyRules) -> list[ShardRange]:
    return list(cut_in_order(lambda offset, length: data[offset : offset + length], rules))


@pytest.mark.parametrize("field", ["id", "external_id", "slug", "short_url"])
def test_shards_without_a_link_in_common_wait_for_nothing(field: str) -> None:
    rows = [{field: f"1-{number}-x" if field != "short_url" else f"https://x.example/{number}"} for number in range(6)]
    assert after_indexes(rows) == [None, None, None]
    assert after_indexes([*rows[:5], rows[0]]) == [None, None, 2]


def test_wide_slugs_are_names_too() -> None:
    rows = [{"slug": slug} for slug in ("a/b", "c/d", "e", "f", "g", "a/b")]
    assert after_indexes(rows) == [None, None, 2]


def test_from_the_first_other_kind_of_name_on_all_shards_follow_each_other() -> None:
    rows = [{"slug": "a"}, {"slug": "b"}, {"slug": "c"}, {"external_id": "1"}, {"slug": "d"}, {"slug": "e"}]
    assert after_indexes(rows) == [None, 2, 4]


def test_so_do_shards_of_rows_with_new_slugs() -> None:
    rows = [{"slug": "a", "new_slug": "z"}, {"slug": "b"}, {"slug": "c"}, {"slug": "d"}]
    assert after_indexes(rows) == [None, 2]


def test_the_links_of_a_query_are_named_once() -> None:
    assert after_indexes([{"id": "1-1-x"}] * 4, where={}) == [None, None]


def test_rows_of_an_upsert_may_find_a_link_by_two_names() -> None:
    rows = [{"external_id": "1", "slug": "a"}, {"slug": "b"}, {"slug": "c"}, {"slug": "d"}]
    assert after_indexes(rows, on_existing="update") == [None, 2]
    assert after_indexes(rows[1:] + rows[1:2], on_existing="update") == [None, 2]


def test_the_columns_of_a_file_say_it_for_all_rows() -> None:
    rules = KeyRules(
        Layout(CSV, columns=["slug", "id"], client_columns=2, mapping={"slug": 0, "id": 1}, shard_rows=1, changes=True),
        {},
        CONTEXT,
    )
    assert [shard.after_index for shard in _cut(b"a,\nb,\n", rules)] == [None, 1]
