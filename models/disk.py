"""The disk: files, and their entries in folders, that outlive a power cut."""

import os
from pathlib import Path
from typing import IO, Any


def sync_file(file: IO[Any]) -> None:
    """Put what was written to a file, and its entry in its folder, on disk."""
    file.flush()
    os.fsync(file.fileno())
    sync_folder(Path(file.name).parent)


def sync_folder(path: str | Path) -> None:
    """Put the names in a folder on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
