"""Faults of disks: one that is full. Uploads and the database lie on file systems of their own, in files."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from tests.chaos.fault import Fault, wait_out
from tests.system import System

SIZE = 40 << 30  # bytes, of a file with holes
UPLOADS = "var/uploads"
DATABASE = "database"
BLOCK = 4096
LAST_BYTES = 64 << 20  # are written, not reserved: others write too
CREATED, FULL, UNAVAILABLE = 202, 507, 503


def may_mount() -> bool:
    return os.geteuid() == 0


@contextmanager
def own_disks(folder: Path) -> Iterator[None]:
    """Put uploads and the database on disks of their own, if this user may."""
    if not may_mount():
        yield
        return
    with mounted(folder / UPLOADS), mounted(folder / DATABASE):
        yield


@contextmanager
def mounted(path: Path) -> Iterator[None]:
    path.mkdir(parents=True, exist_ok=True)
    image = path.with_suffix(".image")
    with image.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, path], check=True)
    path.chmod(0o755)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)
        image.unlink()


def fill(part: str, system: System) -> None:
    """Leave no room on a disk for a while. What is sent meanwhile is refused or done, and nothing between."""
    with no_room(system.data_dir.parent / part):
        response = system.post_csv("url\n" + "https://example.com/\n" * 1000)
        assert response.status_code in (CREATED, FULL, UNAVAILABLE), response.text
        wait_out()


@contextmanager
def no_room(disk: Path) -> Iterator[None]:
    ballast = disk / "ballast"
    try:
        with ballast.open("wb") as file:
            take_all_room(file.fileno())
        yield
    finally:
        ballast.unlink()


def take_all_room(file: int) -> None:
    room = os.fstatvfs(file)
    size = max(0, room.f_bavail * room.f_frsize - LAST_BYTES)
    os.posix_fallocate(file, 0, size)
    os.lseek(file, size, os.SEEK_SET)
    with suppress(OSError):  # what others have freed or taken since
        while True:
            os.write(file, bytes(BLOCK))


FAULTS = (Fault("the disk of uploads is full for 4 s", partial(fill, UPLOADS)),)
DATABASE_IS_FULL = "the disk of the database is full for 4 s"
