"""Faults of clocks: those of processes jump by an hour, and back again.

Processes run with libfaketime, which reads how far a clock is off from a file. Clocks that only measure durations are
right, as they are on a real machine.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from tests import faults
from tests.chaos.fault import Fault, wait_out
from tests.system import System

WORKERS = ("bulk", "interactive", "callers")
HOST = ("broker", "web", *WORKERS, "beat")
DATABASE = "database"
FOLDER = "clocks"
HOUR = 3600
RIGHT = 0
CACHE_SECONDS = 1  # after which a process looks into the file again
LIBRARY = "vendor/libfaketime/src/libfaketime.so.1"


def environment(clocks: Path, name: str) -> dict[str, str]:
    """Return what gives a process the clock of a name."""
    clocks.mkdir(mode=0o755, exist_ok=True)
    write_offset(clocks, name, RIGHT)
    return {
        "LD_PRELOAD": str(find_library()),
        "FAKETIME_TIMESTAMP_FILE": str(clocks / name),
        "FAKETIME_CACHE_DURATION": str(CACHE_SECONDS),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def find_library() -> Path:
    package = find_spec("libfaketime")
    assert package
    assert package.origin
    return Path(package.origin).parent / LIBRARY


def write_offset(clocks: Path, name: str, seconds: int) -> None:
    (clocks / name).write_text(f"{seconds:+d}\n")


def jump(names: tuple[str, ...], seconds: int, system: System) -> None:
    """Put clocks off while a worker dies, whose lease was measured with one of them; then put them right."""
    with clocks_off(system, names, seconds):
        faults.kill_shard_owner(system)
        wait_out()


@contextmanager
def clocks_off(system: System, names: tuple[str, ...], seconds: int) -> Iterator[None]:
    set_clocks(system, names, seconds)
    try:
        yield
    finally:
        set_clocks(system, names, RIGHT)


def set_clocks(system: System, names: tuple[str, ...], seconds: int) -> None:
    for name in names:
        write_offset(system.data_dir.parent / FOLDER, name, seconds)
    time.sleep(CACHE_SECONDS)


FAULTS = (
    Fault("the workers' clocks are an hour ahead for 4 s", partial(jump, WORKERS, HOUR)),
    Fault("the workers' clocks are an hour behind for 4 s", partial(jump, WORKERS, -HOUR)),
    Fault("every clock is an hour ahead for 4 s", partial(jump, (*HOST, DATABASE), HOUR)),
    Fault("every clock is an hour behind for 4 s", partial(jump, (*HOST, DATABASE), -HOUR)),
    Fault("the database's clock is an hour ahead for 4 s", partial(jump, (DATABASE,), HOUR), ("postgresql",)),
    Fault("the database's clock is an hour behind for 4 s", partial(jump, (DATABASE,), -HOUR), ("postgresql",)),
)
