import gzip
import json
import zlib
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BrokenGzip, BrokenJson, EmptyUpload, Invalid, TooLarge
from producer.intake import bodies


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 50))
def test_any_number_of_gzip_members_are_one_upload(members: list[bytes], size: int) -> None:
    data = b"".join(gzip.compress(member) for member in members)
    assert b"".join(bodies.gunzip(pieces(data, size))) == b"".join(members)


@pytest.mark.parametrize(
    "data",
    [
        b"url\nhttps://a.b\n",
        gzip.compress(b"x" * 100, mtime=0)[:-1],
        gzip.compress(b"x" * 100, mtime=0)[:-9],
        gzip.compress(b"x" * 100, mtime=0)[:5],
        gzip.compress(b"x", mtime=0) + b"rest",
        gzip.compress(b"x", mtime=0)[:-8] + b"\0" * 8,
        zlib.compress(b"x"),
    ],
)
def test_broken_gzip_is_told(data: bytes) -> None:
    for size in (1, 7, 1000):
        with pytest.raises(BrokenGzip):
            list(bodies.gunzip(pieces(data, size)))


def test_a_bomb_is_told_before_it_is_large() -> None:
    bomb: list[int] = []
    with pytest.raises(TooLarge):
        bomb.extend(map(len, bodies.gunzip(pieces(gzip.compress(bytes(64 << 20)), 1 << 16))))
    assert max(bomb) <= bodies.CHUNK
    assert sum(bomb) <= bodies.RATIO_MATTERS_FROM


def test_what_shrinks_well_is_no_bomb() -> None:
    data = b"".join(b"https://example.com/products/%d\n" % number for number in range(700_000))
    assert len(data) > bodies.RATIO_MATTERS_FROM
    assert sum(map(len, bodies.gunzip(pieces(gzip.compress(data), 1 << 16)))) == len(data)


def test_a_json_body_is_held_up_to_its_limit() -> None:
    assert bodies.whole([b"ab", b"c"], 3) == b"abc"
    with pytest.raises(TooLarge):
        bodies.whole([b"ab", b"cd"], 3)


def test_a_list_of_links_becomes_lines() -> None:
    options, items, count, _ = bodies.json_body(b'{"links": [{"url":\n"a"}, {"url":\r\n"b"}, 5], "domain": "x"}')
    assert (options, count) == ({"domain": "x"}, 0)
    assert b"".join(bodies.lines(items or [])) == b'{"url": "a"}\n{"url":  "b"}\n5\n'


def test_many_links_come_in_pieces() -> None:
    items = [msgspec.Raw(b"{}")] * 2_500
    assert b"".join(bodies.lines(items)) == b"{}\n" * 2_500


def test_a_count_stands_for_one_item_on_one_line() -> None:
    options, items, count, item = bodies.json_body(
        b'{"url": "a", "tags": [\n"x"\r\n], "count": 7, "metadata": {"a": 1}}'
    )
    assert (options, items, count) == ({"metadata": {"a": 1}}, None, 7)
    assert (json.loads(item), item.count(b"\n")) == ({"url": "a", "tags": ["x"]}, 0)


def test_a_bom_before_json_does_no_harm() -> None:
    assert bodies.json_body(b'\xef\xbb\xbf{"links": []}')[1] == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nonsense", b'{"links": [}', b'{"links": [NaN]}', b'{"links": [{"url": "\n"}]}', b"{} {}",
        b'{"links": [], "metadata": {"a": NaN}}', b'{"\xff": 1}', b'{"links": [], "metadata": "\xff"}',
        b'{"links": [' + b"[" * 100_000, b'{"metadata": ' + b'{"a":' * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BrokenJson):
        bodies.json_body(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b"[" * 100_000, b"5", b'"x"', b"null", b'{"links": 5}', b'{"links": null}', b'{"links": {}}', b"{}",
        b'{"count": 5}',
        b'{"url": "a"}', b'{"url": "a", "count": 0}', b'{"url": "a", "count": -1}', b'{"url": "a", "count": true}',
        b'{"url": "a", "count": "5"}', b'{"url": "a", "count": 1.0}', b'{"url": "a", "count": 5000001}',
        b'{"url": "a", "count": 5, "slug": "x"}', b'{"url": "a", "count": 1e999}',
    ],
)  # fmt: skip
def test_json_of_another_shape_is_unprocessable_and_points_at_it(body: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        bodies.json_body(body)
    assert caught.value.errors[0]["pointer"].startswith("/")


def test_a_list_has_one_item_at_least_and_100_000_at_most() -> None:
    with pytest.raises(EmptyUpload):
        list(bodies.lines([]))
    assert sum(1 for _ in bodies.lines([msgspec.Raw(b"1")] * 100_000)) == 100
    with pytest.raises(TooLarge):
        list(bodies.lines([msgspec.Raw(b"1")] * 100_001))
