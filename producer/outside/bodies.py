"""Bodies of answers: read and decompressed only as far as the caller wants them."""

import zlib
from collections.abc import Iterable

from models.errors import Unreachable

# How zlib names its formats.
GZIP_WINDOW = 31
ZLIB_WINDOW = 15
RAW_DEFLATE_WINDOW = -15


def cut(chunks: Iterable[bytes], max_bytes: int) -> bytes:
    """Return the beginning of a body."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) >= max_bytes:
            break
    return bytes(body[:max_bytes])


def decode(chunks: Iterable[bytes], encoding: str, max_bytes: int) -> bytes:
    """Return the beginning of a body with this Content-Encoding."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return cut(chunks, max_bytes)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unreachable(f"The answer's content encoding is unknown: {encoding[:50]}")
    return _inflate(chunks, encoding, max_bytes)


def _inflate(chunks: Iterable[bytes], encoding: str, max_bytes: int) -> bytes:
    """Hold no more than is returned and read no more either, however well the body is compressed."""
    body = bytearray()
    bytes_read = 0
    decompressor = None
    for chunk in chunks:
        if decompressor is None:
            decompressor = zlib.decompressobj(_window(encoding, chunk))
        body += decompressor.decompress(chunk, max_bytes - len(body))
        bytes_read += len(chunk)
        if decompressor.eof or max(len(body), bytes_read) >= max_bytes:
            break
    return bytes(body)


def _window(encoding: str, first_chunk: bytes) -> int:
    """Servers disagree whether "deflate" is the bare stream or zlib's format, so look at the first byte."""
    if encoding != "deflate":
        return GZIP_WINDOW
    if first_chunk and first_chunk[0] & 0x0F == zlib.DEFLATED:
        return ZLIB_WINDOW
    return RAW_DEFLATE_WINDOW
