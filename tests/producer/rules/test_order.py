"""Which shards wait for which: those that have a slug, an external id or a shared URL in common with an earlier one."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from producer.intake import cutting
from producer.intake.cutting import ShardRange
from producer.intake.detection import detect_layout
from producer.intake.layouts import CSV, NDJSON
from producer.rules import order
from producer.rules.judging import JudgingContext
from producer.rules.keys import KeyRules
from producer.rules.order import KnownKeys

SHARD_ROWS = 2
CONTEXT = JudgingContext(frozenset(), {}, datetime.now(UTC))


class Source:
    """An upload, and how many bytes of it were read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.bytes_read = 0

    def read(self, offset: int, length: int) -> bytes:
        part = self.data[offset : offset + length]
        self.bytes_read += len(part)
        return part


def waits(source: Source, kind: str, **options: Any) -> list[int | None]:
    """The index that each shard waits for."""
    layout = detect_layout(source.data, kind, SHARD_ROWS, {})
    rules = KeyRules(layout, options, CONTEXT)
    return [shard.after_index for shard in order.cut_in_order(source.read, rules)]


def csv_waits(text: str, **options: Any) -> list[int | None]:
    return waits(Source(text.encode()), CSV, **options)


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps({"url": "https://a.example/"} | row).encode() + b"\n" for row in rows)


def test_a_shard_waits_for_the_last_one_before_it_that_has_one_of_its_keys() -> None:
    slugs = ["a", "b", "a", "c", "d", "e", "b", "a"]
    assert csv_waits("url,slug\n" + "".join(f"https://x.example/,{slug}\n" for slug in slugs)) == [None, 2, None, 4]


def test_keys_are_compared_as_they_are_stored() -> None:
    assert csv_waits('url,slug\nhttps://x.example/,a\nu,\nu," a "\n') == [None, 2]
    assert csv_waits("url,external_id\r\nu,e\r\nu,\r\nu, e\r\n") == [None, 2]


def test_a_whole_short_link_is_the_key_that_its_slug_is() -> None:
    links = ["https://dub.sh/a", "https://dub.sh/b", "https://dub.sh/c", "https://other.example/a"]
    assert csv_waits("url,short_url\n" + "".join(f"https://x.example/,{link}\n" for link in links)) == [None, 2]


def test_case_matters_only_where_no_row_can_name_a_domain() -> None:
    assert csv_waits("url,slug\nu,a\nu,\nu,A\n") == [None, None]
    assert csv_waits("url,slug,domain\nu,a,\nu,,\nu,A,go.example\n") == [None, 2]
    assert waits(Source(lines({"slug": "A"}, {}, {"slug": "A", "domain": "go.example"})), NDJSON) == [None, 2]


def test_a_second_column_of_short_links_has_keys_too() -> None:
    rows = ["https://x.example/,,https://bit.ly/a", "https://x.example/,,https://bit.ly/b"]
    rows += ["https://x.example/,https://bit.ly/c,https://bit.ly/d", "https://x.example/,https://bit.ly/a,"]
    assert csv_waits("\n".join(["long_url,custom_bitlink,link", *rows, ""])) == [None, 2]


def test_a_slug_and_an_external_id_are_different_keys() -> None:
    assert csv_waits("url,slug,external_id\nu,a,\nu,b,\nu,,a\nu,c,b\n") == [None, None]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_without_keys_is_read_once(end: str) -> None:
    source = Source(end.join(["url,title", *["https://x.example/,t"] * 6, ""]).encode())
    assert waits(source, CSV) == [None] * 3
    assert source.bytes_read == len(source.data) - len(f"url,title{end}")


def test_the_keys_of_an_only_shard_are_not_read() -> None:
    source = Source(b"url,slug\nu,a\nu,a\n")
    assert waits(source, CSV) == [None]
    assert source.bytes_read == len(b"u,a\nu,a\n")


def test_equal_urls_are_keys_where_links_are_reused() -> None:
    text = "url,utm_term\nhttps://x.example/,t\nnope,\nHTTPS://X.example,t\nhttps://y.example/,\nhttps://x.example/,\n"
    assert csv_waits(text) == [None, None, None]
    assert csv_waits(text, duplicates="reuse") == [None, 2, None]


def test_defaults_are_keys_too() -> None:
    text = "url\n" + "https://x.example/\n" * 5
    assert csv_waits(text, defaults={"slug": "x"}) == [None, 2, 4]
    assert csv_waits(text, defaults={"slug": "x{index}"}) == [None, None, None]


def test_json_rows_name_their_fields_anywhere() -> None:
    rows = lines({}, {}, {"slug": "a"}, {}, {}, {}, {"slug": "a"})
    assert waits(Source(rows), NDJSON) == [None, None, None, 4]
    escaped = rows.replace(b'"slug"', rb'"\u0073lug"')
    assert waits(Source(escaped), NDJSON) == [None, None, None, 4]


def test_a_name_that_lies_across_two_blocks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = lines({"slug": "a"}, {}, {"slug": "a"})
    for size in range(60, 100):
        monkeypatch.setattr(cutting, "BLOCK_BYTES", size)
        assert waits(Source(rows), NDJSON) == [None, 2]


def test_known_keys_are_what_a_plain_search_finds() -> None:
    numbers = random.Random(5)
    known = KnownKeys()
    shards: list[list[int]] = []
    for place in range(100):
        hashes = [numbers.getrandbits(10) << 20 for _ in range(numbers.randrange(1, 8))]
        expected = max((at + 1 for at, earlier in enumerate(shards) if set(earlier) & set(hashes)), default=None)
        shard = ShardRange(place, 1, 0, 0, 1)
        assert known.add(np.array(hashes, np.uint64), shard) == expected
        shards.append(hashes)
