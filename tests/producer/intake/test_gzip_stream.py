import gzip
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BrokenGzip, TooLarge
from producer.intake import gzip_stream


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 50))
def test_any_number_of_gzip_members_are_one_upload(members: list[bytes], size: int) -> None:
    data = b"".join(gzip.compress(member) for member in members)
    assert b"".join(gzip_stream.gunzip(pieces(data, size))) == b"".join(members)


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
def test_broken_gzip_is_refused(data: bytes) -> None:
    for size in (1, 7, 1000):
        with pytest.raises(BrokenGzip):
            list(gzip_stream.gunzip(pieces(data, size)))


def test_a_bomb_is_refused_before_it_is_large() -> None:
    bomb: list[int] = []
    with pytest.raises(TooLarge):
        bomb.extend(map(len, gzip_stream.gunzip(pieces(gzip.compress(bytes(64 << 20)), 1 << 16))))
    assert max(bomb) <= gzip_stream.CHUNK_BYTES
    assert sum(bomb) <= gzip_stream.RATIO_MATTERS_FROM


@pytest.mark.slow
def test_an_upload_that_compresses_well_is_accepted() -> None:
    data = b"".join(b"https://example.com/products/%d\n" % number for number in range(700_000))
    assert len(data) > gzip_stream.RATIO_MATTERS_FROM
    assert sum(map(len, gzip_stream.gunzip(pieces(gzip.compress(data), 1 << 16)))) == len(data)
