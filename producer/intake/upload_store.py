"""Where the bytes of an upload lie: a folder, or S3 when workers run on other machines."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import fsspec

from models import process_caches, settings
from models.errors import EmptyUpload, TooLarge, Unreadable

NAME_BYTES = 16
GONE = "the upload is gone from the upload store"


def save(chunks: Iterable[bytes], limit: int) -> tuple[str, int]:
    """Writes an upload as it arrives; returns its name and size. Whatever goes wrong leaves no file behind."""
    name = secrets.token_hex(NAME_BYTES)
    size = 0
    try:
        with _fs().open(_path(name), "wb") as out:
            for chunk in bounded(chunks, limit):
                size += len(chunk)
                out.write(chunk)
        if not size:
            raise EmptyUpload("the upload is empty")
    except BaseException:
        delete(name)
        raise
    return name, size


def bounded(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"the upload is larger than {limit:,} bytes")
        yield chunk


def read(name: str, offset: int, length: int) -> bytes:
    """A part of an upload; shorter where the upload ends."""
    try:
        with _fs().open(_path(name), "rb", **_unbuffered(length)) as source:
            source.seek(offset)
            return bytes(source.read(length))
    except FileNotFoundError:
        raise Unreadable(GONE) from None


def opened(name: str) -> Any:
    """An upload as a file, for what is not read in one direction."""
    try:
        return _fs().open(_path(name), "rb")
    except FileNotFoundError:
        raise Unreadable(GONE) from None


def delete(name: str) -> None:
    with suppress(FileNotFoundError):
        _fs().rm_file(_path(name))


def _fs() -> Any:
    return _store()[0]


def _path(name: str) -> str:
    return f"{_store()[1]}/{name}"


@process_caches.function
@cache
def _store() -> tuple[Any, str]:
    fs, root = fsspec.core.url_to_fs(settings.get().uploads_url)
    fs.makedirs(root, exist_ok=True)
    return fs, root


def _unbuffered(length: int) -> dict[str, int]:
    """Object stores fetch ahead in blocks: one as large as what is wanted is one request."""
    return {} if "file" in _fs().protocol else {"block_size": max(length, 1 << 16)}
