"""A machine's disk: a folder on which a system runs, and images of what is left of it after a power cut."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = 2 << 30  # bytes; most of it is a hole in a file
FORMAT = ("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", "-J", "size=16")


class Machine:
    """A disk in use. `folder` is where it is mounted."""

    def __init__(self, folder: Path, server: "subprocess.Popen[str]") -> None:
        self.folder = folder
        self._server = server

    def cut(self, image: Path, seed: object) -> int:
        """Write what a power cut at this moment leaves on the disk; return how many blocks it loses."""
        assert self._server.stdin
        assert self._server.stdout
        print(image, seed, file=self._server.stdin, flush=True)
        return int(self._server.stdout.readline())


@contextmanager
def running_machine(work: Path) -> Iterator[Machine]:
    """Mount an empty disk for the length of the block."""
    image, device, folder = work / "disk.img", work / "disk", work / "mnt"
    with image.open("wb") as file:
        file.truncate(SIZE)
    _run(*FORMAT, str(image))
    device.touch()
    try:
        with (
            _process("disk", image, device) as server,
            mounted(device, folder),
            _process("writeback", folder),
        ):
            yield Machine(folder, server)
    finally:
        _run("umount", "--lazy", str(device))
        image.unlink()


@contextmanager
def _process(module: str, *arguments: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start a module of this package as a process that ends with its standard input, and wait until it is ready."""
    command = [sys.executable, "-m", f"tests.powercut.{module}", *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    if process.stdout.readline() != "ready\n":
        raise RuntimeError(f"{module} did not start.")
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """Mount an image, as a machine does when it starts: the file system makes good what it can."""
    folder.mkdir(exist_ok=True)
    _run("mount", "-o", "loop", str(image), str(folder))
    try:
        yield folder
    finally:
        # Lazily, for when something went wrong inside of the block: what holds the disk is about to end.
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
