"""What is sent: a file, or a stream that is kept first so that it can be sent again, and what it is."""

import hashlib
import json
import os
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .errors import Failed

CHUNK = 1 << 18
SAMPLE = 1 << 18
PAYS = 0.5
"""Of their size: what gzip makes no smaller takes longer to pack than to send, from some 20 MB/s on."""
QUICKEST = 1
GZIP = 16 + zlib.MAX_WBITS
GZIPPED = b"\x1f\x8b"
ZIPPED = b"PK\x03\x04"
AROUND_TEXT = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson", "json": "application/json", "xlsx": XLSX}
OF_ENDING = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}


@dataclass(frozen=True, slots=True)
class Source:
    file: IO[bytes]
    name: str
    size: int
    digest: str
    type: str
    coding: str | None
    """How the file is compressed already."""


@contextmanager
def opened(name: str, format: str | None) -> Iterator[Source]:
    try:
        given = open(0 if name == "-" else name, "rb")  # noqa: SIM115
    except OSError as error:
        raise Failed(f"{name}: {error.strerror}") from None
    with given, tempfile.TemporaryFile() as copy:
        if name == "-" or not stat.S_ISREG(os.fstat(given.fileno()).st_mode):  # which can be read only once
            shutil.copyfileobj(given, copy, CHUNK)
            yield _described(copy, name, format)
        else:
            yield _described(given, name, format)


def key_of(source: Source, options: dict[str, str]) -> str:
    """A name for this content with these options: whoever sends it again means the same job."""
    told = json.dumps([source.type, source.coding, options, source.digest], sort_keys=True)
    return "cli-" + hashlib.sha256(told.encode()).hexdigest()


def pays(source: Source) -> bool:
    """Whether gzip makes it much smaller, by its beginning."""
    source.file.seek(0)
    sample = source.file.read(SAMPLE)
    return source.coding is None and len(zlib.compress(sample, QUICKEST)) < PAYS * len(sample)


def chunks(source: Source) -> Iterator[bytes]:
    """What was there when it was looked at first, from its beginning."""
    source.file.seek(0)
    left = source.size
    while left:
        chunk = source.file.read(min(CHUNK, left))
        if not chunk:
            raise Failed(f"{source.name} became shorter while it was sent")
        left -= len(chunk)
        yield chunk


def gzipped(parts: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(QUICKEST, zlib.DEFLATED, GZIP)
    for part in parts:
        if packed := packer.compress(part):
            yield packed
    yield packer.flush()


def _described(file: IO[bytes], name: str, format: str | None) -> Source:
    file.seek(0)
    head = file.read(SAMPLE)
    coding = "gzip" if head.startswith(GZIPPED) else None
    plain = zlib.decompressobj(GZIP).decompress(head) if coding else head
    found = format or OF_ENDING.get(Path(name.lower().removesuffix(".gz")).suffix) or _sniffed(plain)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return Source(file, name, file.tell(), digest, TYPES[found], coding)


def _sniffed(head: bytes) -> str:
    if head.startswith(ZIPPED):
        return "xlsx"
    return "ndjson" if head.lstrip(AROUND_TEXT).startswith(b"{") else "csv"
