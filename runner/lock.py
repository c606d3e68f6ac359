"""The lock that gives a DATA_DIR to one run."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models import disk
from models.errors import Conflict, SettingsError


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Create the folder if needed and lock it; the kernel releases the lock however the process ends."""
    try:
        disk.create_folder(data_dir, mode=0o700)
        file = (data_dir / "run.lock").open("a")
    except OSError as error:
        raise SettingsError(f"DATA_DIR={str(data_dir)!r}: cannot be written: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"DATA_DIR={str(data_dir)!r}: another `make run` uses it. Stop that one first.") from None
        yield
