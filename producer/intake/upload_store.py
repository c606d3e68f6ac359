"""Stores the bytes of uploads: in a folder, or in S3 when workers run on other machines."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import fsspec

from models import disk, process_caches, settings
from models.errors import EmptyUpload, TooLarge, Unreadable

NAME_BYTES = 16
GONE = "The upload is no longer in the upload store."


def save(chunks: Iterable[bytes], limit: int) -> tuple[str, int]:
    """Writes an upload as it arrives; returns its name and size. An error leaves no file behind.

    When this returns, the upload outlives a power cut: the file and its entry in the folder are on disk. An object
    store has its own way, and says so when the file is closed.
    """
    name = secrets.token_hex(NAME_BYTES)
    size = 0
    try:
        with _fs().open(_path(name), "wb") as out:
            for chunk in limit_size(chunks, limit):
                size += len(chunk)
                out.write(chunk)
            if not size:
                raise EmptyUpload("The upload is empty.")
            if _is_folder():
                disk.sync_file(out)
    except BaseException:
        delete(name)
        raise
    return name, size


def limit_size(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The upload is larger than {limit:,} bytes.")
        yield chunk


def read(name: str, offset: int, length: int) -> bytes:
    """Reads a part of an upload; less where the upload ends."""
    try:
        with _fs().open(_path(name), "rb", **_unbuffered(length)) as source:
            source.seek(offset)
            return bytes(source.read(length))
    except FileNotFoundError:
        raise Unreadable(GONE) from None


def open_file(name: str) -> Any:
    """Opens an upload as a file, for readers that need to seek."""
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
    if _is_local(fs):
        disk.sync_folder(Path(root).parent)
    return fs, root


def _is_folder() -> bool:
    return _is_local(_fs())


def _is_local(fs: Any) -> bool:
    return "file" in fs.protocol


def _unbuffered(length: int) -> dict[str, int]:
    """Object stores read ahead in blocks. A block of the length that is read makes it one request."""
    return {} if _is_folder() else {"block_size": max(length, 1 << 16)}
