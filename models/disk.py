"""The disk: files, and their entries in folders, that outlive a power cut."""

import os
from pathlib import Path
from typing import IO, Any


def sync_file(file: IO[Any]) -> None:
    """Put what was written to a file, and its entry in its folder, on disk."""
    file.flush()
    os.fsync(file.fileno())
    sync_folder(Path(file.name).parent)


def create_folder(path: Path, mode: int = 0o777) -> None:
    """Create a folder unless it exists. What was created, and whatever lies above it, is on disk afterwards."""
    if path.is_dir():
        return
    create_folder(path.parent)
    path.mkdir(mode, exist_ok=True)
    sync_folder(path.parent)


def sync_folder(path: str | Path) -> None:
    """Put the names in a folder on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
