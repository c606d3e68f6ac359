import json

import msgspec
import pytest

from models.errors import BrokenJson, EmptyUpload, Invalid, TooLarge
from producer.intake import json_bodies


def test_a_body_is_read_up_to_its_limit() -> None:
    assert json_bodies.read_all([b"ab", b"c"], 3) == b"abc"
    with pytest.raises(TooLarge):
        json_bodies.read_all([b"ab", b"cd"], 3)


def test_a_list_of_links_becomes_lines() -> None:
    options, items, count, *_ = json_bodies.parse(b'{"links": [{"url":\n"a"}, {"url":\r\n"b"}, 5], "domain": "x"}')
    assert (options, count) == ({"domain": "x"}, 0)
    assert b"".join(json_bodies.ndjson_lines(items or [])) == b'{"url": "a"}\n{"url":  "b"}\n5\n'


def test_a_bare_list_is_one_of_links() -> None:
    options, items, *_ = json_bodies.parse(b'\xef\xbb\xbf\n[{"url":\n"a"}, 5]')
    assert options == {}
    assert b"".join(json_bodies.ndjson_lines(items or [])) == b'{"url": "a"}\n5\n'


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b'{"url": "a"}\n{', True), (b'\n{"url": "a"}\n\n', False), (b'{"url":\n"a"}', False), (b"[1]\n[2]", False)],
)
def test_a_file_of_objects_one_a_line_is_told_from_json(body: bytes, expected: bool) -> None:
    assert json_bodies.is_ndjson(body) is expected


def test_many_links_are_yielded_in_pieces() -> None:
    items = [msgspec.Raw(b"{}")] * 2_500
    assert b"".join(json_bodies.ndjson_lines(items)) == b"{}\n" * 2_500


def test_the_count_shape_has_one_item_on_one_line() -> None:
    options, items, count, item, _ = json_bodies.parse(
        b'{"url": "a", "tags": [\n"x"\r\n], "count": 7, "metadata": {"a": 1}}'
    )
    assert (options, items, count) == ({"metadata": {"a": 1}}, None, 7)
    assert (json.loads(item), item.count(b"\n")) == ({"url": "a", "tags": ["x"]}, 0)


def test_a_byte_order_mark_before_json_is_skipped() -> None:
    assert json_bodies.parse(b'\xef\xbb\xbf{"links": []}')[1] == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[", b"[" * 100_000, b"[1] 2", b"nonsense", b'{"links": [}', b'{"links": [NaN]}',
        b'{"links": [{"url": "\n"}]}', b"{} {}",
        b'{"links": [], "metadata": {"a": NaN}}', b'{"\xff": 1}', b'{"links": [], "metadata": "\xff"}',
        b'{"links": [' + b"[" * 100_000, b'{"metadata": ' + b'{"a":' * 100_000,
    ],
)  # fmt: skip
def test_invalid_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BrokenJson):
        json_bodies.parse(body)


@pytest.mark.parametrize(
    "body",
    [
        b"5", b'"x"', b"null", b'{"links": 5}', b'{"links": null}', b'{"links": {}}', b"{}",
        b'{"count": 5}',
        b'{"url": "a"}', b'{"url": "a", "count": 0}', b'{"url": "a", "count": -1}', b'{"url": "a", "count": true}',
        b'{"url": "a", "count": "5"}', b'{"url": "a", "count": 1.0}', b'{"url": "a", "count": 5000001}',
        b'{"url": "a", "count": 5, "slug": "x"}', b'{"url": "a", "count": 1e999}',
    ],
)  # fmt: skip
def test_json_of_another_shape_is_invalid_and_the_error_points_at_it(body: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        json_bodies.parse(body)
    assert caught.value.errors[0]["pointer"].startswith("/")


def test_a_list_has_1_to_100_000_items() -> None:
    with pytest.raises(EmptyUpload):
        list(json_bodies.ndjson_lines([]))
    assert sum(1 for _ in json_bodies.ndjson_lines([msgspec.Raw(b"1")] * 100_000)) == 100
    with pytest.raises(TooLarge):
        list(json_bodies.ndjson_lines([msgspec.Raw(b"1")] * 100_001))
