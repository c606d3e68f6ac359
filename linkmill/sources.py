"""What a push sends: a file, or a stream that is copied first so that it can be sent again, and its format."""

import hashlib
import json
import os
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .errors import LinkmillError

CHUNK = 1 << 18
SAMPLE = 1 << 18
GOOD_RATIO = 0.5
"""From some 20 MB/s on, a file that gzip does not halve is packed more slowly than it is sent."""
FASTEST = 1
GZIP = 16 + zlib.MAX_WBITS
GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
BLANKS_AND_MARKS = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson", "json": "application/json", "xlsx": XLSX}
FORMAT_OF_SUFFIX = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
FORMAT_OF_START = {b"{": "ndjson", b"[": "json"}


Rows = str | os.PathLike[str] | Iterable[Mapping[str, Any]]
"""The path of a file, or rows: objects with the names of item fields."""


@dataclass(frozen=True, slots=True)
class Source:
    """An open file and what is sent about it."""

    file: IO[bytes]
    name: str
    size: int
    digest: str
    type: str
    coding: str | None
    """How the file itself is compressed."""


@contextmanager
def open_source(name: str, format: str | None) -> Iterator[Source]:
    """Open a file, or standard input for `-`."""
    try:
        file = open(0 if name == "-" else name, "rb")  # noqa: SIM115
    except OSError as error:
        raise LinkmillError(f"{name}: {error.strerror}") from None
    with file, tempfile.TemporaryFile() as copy:
        can_be_read_again = name != "-" and stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        if can_be_read_again:
            yield _describe(file, name, format)
        else:
            shutil.copyfileobj(file, copy, CHUNK)
            yield _describe(copy, name, format)


@contextmanager
def open_any(source: Rows) -> Iterator[Source]:
    """Open a file by its path, or rows that are in memory or come from an iterator."""
    if isinstance(source, str | os.PathLike):
        with open_source(os.fspath(source), None) as opened:
            yield opened
        return
    with tempfile.TemporaryFile() as file:
        for row in source:
            file.write(json.dumps(row).encode() + b"\n")
        yield _describe(file, "rows", "ndjson")


def _describe(file: IO[bytes], name: str, format: str | None) -> Source:
    file.seek(0)
    head = file.read(SAMPLE)
    coding = None
    if head.startswith(GZIP_MAGIC):
        coding = "gzip"
        head = zlib.decompressobj(GZIP).decompress(head)
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    source_format = format or FORMAT_OF_SUFFIX.get(suffix) or _guess_format(head)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return Source(file, name, file.tell(), digest, TYPES[source_format], coding)


def _guess_format(head: bytes) -> str:
    if head.startswith(ZIP_MAGIC):
        return "xlsx"
    return FORMAT_OF_START.get(head.lstrip(BLANKS_AND_MARKS)[:1], "csv")


def idempotency_key(source: Source, options: dict[str, str]) -> str:
    """Return a key for this content with these options: sent again, even under another name, it is the same job."""
    unnamed = {name: value for name, value in options.items() if name != "name"}
    content = json.dumps([source.type, source.coding, unnamed, source.digest], sort_keys=True)
    return "cli-" + hashlib.sha256(content.encode()).hexdigest()


def compresses_well(source: Source) -> bool:
    """Judge by the beginning of a file whether gzip makes it much smaller."""
    source.file.seek(0)
    sample = source.file.read(SAMPLE)
    return source.coding is None and len(zlib.compress(sample, FASTEST)) < GOOD_RATIO * len(sample)


def chunks(source: Source) -> Iterator[bytes]:
    """Read a source from its beginning; rows that were appended after it was opened are not sent."""
    source.file.seek(0)
    remaining = source.size
    while remaining:
        chunk = source.file.read(min(CHUNK, remaining))
        if not chunk:
            raise LinkmillError(f"{source.name} became shorter while it was sent")
        remaining -= len(chunk)
        yield chunk


def gzip_stream(parts: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(FASTEST, zlib.DEFLATED, GZIP)
    for part in parts:
        packed = packer.compress(part)
        if packed:
            yield packed
    yield packer.flush()
