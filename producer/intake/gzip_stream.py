"""Decompresses gzip uploads as they arrive, and refuses those that grow beyond all measure."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from models.errors import BrokenGzip, TooLarge

CHUNK_BYTES = 1 << 20
LARGEST_RATIO = 200
RATIO_MATTERS_FROM = 16 << 20  # bytes; smaller uploads may be as repetitive as they like


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yields the decompressed bytes of any number of gzip members. Raises BrokenGzip or, for a bomb, TooLarge."""
    decompressor = zlib.decompressobj(wbits=31)
    bytes_in = 0
    bytes_out = 0
    for chunk in chunks:
        bytes_in += len(chunk)
        while chunk:
            if decompressor.eof:  # another member follows
                decompressor = zlib.decompressobj(wbits=31)
            piece = _decompressed(decompressor, chunk)
            chunk = decompressor.unconsumed_tail or decompressor.unused_data
            bytes_out += len(piece)
            if bytes_out > RATIO_MATTERS_FROM and bytes_out > LARGEST_RATIO * bytes_in:
                raise TooLarge(f"The upload grows more than {LARGEST_RATIO} times when it is decompressed.")
            if piece:
                yield piece
    if bytes_in and not decompressor.eof:
        raise BrokenGzip("The gzip data is cut off.")


def _decompressed(decompressor: Any, chunk: bytes) -> bytes:
    try:
        piece: bytes = decompressor.decompress(chunk, CHUNK_BYTES)
    except zlib.error as error:
        raise BrokenGzip(f"The gzip data is broken: {error}.") from None
    return piece
