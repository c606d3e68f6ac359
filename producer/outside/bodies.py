"""The bodies of answers: never more of them than somebody wants."""

import zlib
from collections.abc import Iterable

from models.errors import Unreachable

GZIP, ZLIB, DEFLATE = 31, 15, -15  # as zlib counts windows


def cut(chunks: Iterable[bytes], most: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) >= most:
            break
    return bytes(body[:most])


def decoded(chunks: Iterable[bytes], encoding: str, most: int) -> bytes:
    """What was packed as a Content-Encoding says."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return cut(chunks, most)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unreachable(f"the answer's content encoding is unknown: {encoding[:50]}")
    return _inflated(chunks, encoding, most)


def _inflated(chunks: Iterable[bytes], encoding: str, most: int) -> bytes:
    """Never holds more than it gives back, and reads no more than that either."""
    body, taken, unpack = bytearray(), 0, None
    for chunk in chunks:
        unpack = unpack or zlib.decompressobj(_window(encoding, chunk))
        body += unpack.decompress(chunk, most - len(body))
        taken += len(chunk)
        if unpack.eof or max(len(body), taken) >= most:
            break
    return bytes(body)


def _window(encoding: str, chunk: bytes) -> int:
    """Half of the world takes "deflate" for the bare stream, the other half for zlib's."""
    if encoding != "deflate":
        return GZIP
    return ZLIB if chunk[:1] and chunk[0] & 0x0F == zlib.DEFLATED else DEFLATE
