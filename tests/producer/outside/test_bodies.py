"""Bodies of answers: never more than the caller wants, in memory or from the network."""

import gzip
import zlib
from collections.abc import Iterator

import pytest

from models.errors import Unreachable
from producer.outside.bodies import cut, decode

TEXT = b"hello " * 1000


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def in_chunks(data: bytes, size: int = 7) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def endless(chunk: bytes, limit: int = 1000) -> Iterator[bytes]:
    """Yield a chunk again and again; fail when far too much is read."""
    for _ in range(limit):
        yield chunk
    raise AssertionError("far too much was read")


def test_a_body_is_cut_at_the_limit() -> None:
    assert cut(in_chunks(TEXT), 10) == TEXT[:10]
    assert cut(in_chunks(TEXT), len(TEXT) + 1) == TEXT
    assert cut([], 10) == b""


def test_no_more_is_read_than_wanted() -> None:
    assert cut(endless(b"x"), 10) == b"x" * 10


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        (" GZIP ", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
)
def test_a_body_is_decompressed_in_chunks_of_any_size(encoding: str, body: bytes) -> None:
    for size in (1, 7, len(body)):
        assert decode(in_chunks(body, size), encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x" * 500])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(Unreachable, match="encoding is unknown") as refusal:
        decode([TEXT], encoding, 100)
    assert len(str(refusal.value)) < 120


def test_a_compressed_bomb_is_unpacked_only_as_far_as_wanted() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert decode(in_chunks(bomb, 1000), "gzip", 5000) == b"\0" * 5000


def test_compressed_data_that_yields_nothing_is_not_read_for_ever() -> None:
    empty_block = b"\0\0\0\xff\xff"  # a stored block of no bytes, which may be followed by more
    assert decode(endless(empty_block), "deflate", 1000) == b""


def test_what_follows_the_compressed_data_is_ignored() -> None:
    assert decode([gzip.compress(b"one") + b"junk", b"more"], "gzip", 100) == b"one"


def test_damaged_data_is_an_error() -> None:
    with pytest.raises(zlib.error):
        decode([b"this is not gzip"], "gzip", 100)
