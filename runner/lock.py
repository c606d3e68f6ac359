"""The locks that give the processes of a DATA_DIR to one run."""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from models import disk
from models.errors import Conflict, SettingsError


@contextmanager
def locked(data_dir: Path, names: Iterable[str]) -> Iterator[None]:
    """Create the folder if needed, and lock a process of each name; the kernel releases the locks however it ends.

    Runs of different processes share a folder.
    """
    with ExitStack() as locks:
        for name in names:
            file = locks.enter_context(_open(data_dir, name))
            _lock(file, data_dir, name)
        yield


def _open(data_dir: Path, name: str) -> TextIO:
    try:
        disk.create_folder(data_dir, mode=0o700)
        return (data_dir / f"{name}.lock").open("a")
    except OSError as error:
        raise SettingsError(f"DATA_DIR={str(data_dir)!r}: cannot be written: {error.strerror}") from None


def _lock(file: TextIO, data_dir: Path, name: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        message = f"DATA_DIR={str(data_dir)!r}: another `make run` uses it and runs {name}. Stop that one first."
        raise Conflict(message) from None
