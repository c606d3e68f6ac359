"""Stores the bytes of uploads: in a folder, or in S3 when workers run on other machines."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import fsspec
import structlog

from models import disk, process_caches, settings
from models.errors import EmptyUpload, TooLarge, Unavailable, Unreadable
from producer.intake import object_store

NAME_BYTES = 16
GONE = "The upload is no longer in the upload store."
AWAY = "The upload store does not answer. Try again."
READ_ATTEMPTS = 2
SLOW_SECONDS = 1.0  # a call that failed only after this time is not made again: somebody waits
MARKER = b"written to see whether the upload store can be used"

log = structlog.get_logger()

T = TypeVar("T")


def save(chunks: Iterable[bytes], limit: int) -> tuple[str, int]:
    """Writes an upload as it arrives; returns its name and size. An error leaves no file behind.

    When this returns, the upload survives a power cut: the file and its entry in the folder are on disk. An object
    store confirms the upload when the file is closed.
    """
    name = secrets.token_hex(NAME_BYTES)
    size = 0
    out = _ask(lambda: _fs().open(_path(name), "wb"))
    try:
        for chunk in limit_size(chunks, limit):
            size += len(chunk)
            _ask(partial(out.write, chunk))
        if not size:
            raise EmptyUpload("The upload is empty.")
        if _is_folder():
            disk.sync_file(out)
        _ask(out.close)
    except BaseException as error:
        _discard(out, name, error)
        raise
    return name, size


def _discard(out: Any, name: str, error: BaseException) -> None:
    if isinstance(error, Unavailable):
        out.closed = True  # closing would write the rest, and wait for the store once more
    elif _is_object_store():
        with suppress(Unavailable):
            _ask(out.discard)
    else:
        with suppress(OSError):  # a full disk refuses the rest once more
            out.close()
        delete(name)


def limit_size(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The upload is larger than {limit:,} bytes.")
        yield chunk


def read(name: str, offset: int, length: int) -> bytes:
    """Reads a part of an upload; less where the upload ends."""

    def read_part() -> bytes:
        with _fs().open(_path(name), "rb", **_unbuffered(length)) as source:
            source.seek(offset)
            return bytes(source.read(length))

    try:
        return _ask(read_part, READ_ATTEMPTS)
    except FileNotFoundError:
        raise Unreadable(GONE) from None


def open_file(name: str) -> Any:
    """Opens an upload as a file, for readers that need to seek."""
    try:
        return _ask(lambda: _fs().open(_path(name), "rb"), READ_ATTEMPTS)
    except FileNotFoundError:
        raise Unreadable(GONE) from None


def delete(name: str) -> None:
    with suppress(FileNotFoundError):
        _ask(lambda: _fs().rm_file(_path(name)))


def create() -> None:
    """Create the folder or bucket unless it exists. A folder is also created by its first use."""
    _ask(lambda: _fs().makedirs(_store()[1], exist_ok=True))


def check() -> None:
    """Write, read and delete a marker. Raises Unavailable or OSError when the store does not allow that."""
    name, size = save([MARKER], len(MARKER))
    try:
        read(name, 0, size)
    finally:
        delete(name)


def _ask(call: Callable[[], T], attempts: int = 1) -> T:
    """Make a call to the store. Raises Unavailable when an object store does not answer, or answers with an error.

    A folder's errors are raised as they are: they say whether the disk is full.
    """
    for attempt in range(1, attempts + 1):
        started = time.monotonic()
        try:
            return call()
        except FileNotFoundError:
            raise
        except Exception as error:
            if not _is_object_store():
                raise
            log.warning("upload_store_away", reason=repr(error))
            if attempt == attempts or time.monotonic() - started > SLOW_SECONDS:
                raise Unavailable(AWAY) from error
    raise AssertionError("there is at least one attempt")


def _fs() -> Any:
    return _store()[0]


def _path(name: str) -> str:
    return f"{_store()[1]}/{name}"


@process_caches.function
@cache
def _store() -> tuple[Any, str]:
    url = settings.get().uploads_url
    if _is_object_store():
        return object_store.connect(url)  # without a question about the bucket, which would be one more to wait for
    fs, root = fsspec.core.url_to_fs(url)
    fs.makedirs(root, exist_ok=True)
    if _is_local(fs):
        disk.sync_folder(Path(root).parent)
    return fs, root


def _is_folder() -> bool:
    return _is_local(_fs())


def _is_local(fs: Any) -> bool:
    return "file" in fs.protocol


def _is_object_store() -> bool:
    return settings.get().uploads_url.startswith("s3://")


def _unbuffered(length: int) -> dict[str, int]:
    """Object stores read ahead in blocks. A block of the length that is read makes it one request."""
    return {} if _is_folder() else {"block_size": max(length, 1 << 16)}
