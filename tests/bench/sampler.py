"""Samples where a worker spends its processor time: `python -m tests.bench.sampler FOLDER celery ARGUMENTS…`.

Each child of the pool has a timer that counts its processor time. Whenever it fires, the child writes to a file of its
own how much time has passed and which functions are under way. No process looks into another, so any user may run it.
"""

import atexit
import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO, Any, NamedTuple

from celery.__main__ import main as run_celery

INTERVAL_SECONDS = 0.001  # the kernel counts in ticks, usually of 4 ms
SUFFIX = ".samples"


class Function(NamedTuple):
    file: str
    name: str


class Sample(NamedTuple):
    at: float  # seconds since the epoch
    seconds: float  # of processor time since the sample before
    functions: list[Function]  # the innermost first


def main(folder: str, *command: str) -> None:
    place = command.index("celery")
    if place:  # words that prepare its environment
        program = [sys.executable, "-m", "tests.bench.sampler", folder]
        os.execvp(command[0], [*command[:place], *program, *command[place:]])
    sys.argv = list(command)
    os.register_at_fork(after_in_child=partial(start, Path(folder)))
    run_celery()


def start(folder: Path) -> None:
    """Take samples of this process from now on."""
    file = (folder / f"{os.getpid()}{SUFFIX}").open("w", buffering=1)
    signal.signal(signal.SIGPROF, Sampler(file).take)
    signal.siginterrupt(signal.SIGPROF, False)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
    # An interpreter that ends takes its signal handlers down first, and this signal would kill it.
    atexit.register(signal.setitimer, signal.ITIMER_PROF, 0)


class Sampler:
    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self.last = time.process_time()
        self.is_taking = False

    def take(self, _number: int, frame: FrameType | None) -> Any:
        if self.is_taking:  # the timer fired again meanwhile
            return
        self.is_taking = True
        now = time.process_time()
        self.file.write(json.dumps(Sample(time.time(), now - self.last, _functions(frame))) + "\n")
        self.last = now
        self.is_taking = False


def _functions(frame: FrameType | None) -> list[Function]:
    functions: list[Function] = []
    while frame:
        code = frame.f_code
        functions.append(Function(code.co_filename, code.co_qualname))
        frame = frame.f_back
    return functions


def read(folder: Path) -> list[Sample]:
    """Return the samples of all processes. The last line of a process that was stopped may be cut off."""
    samples: list[Sample] = []
    for path in folder.glob(f"*{SUFFIX}"):
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                at, seconds, functions = json.loads(line)
                samples.append(Sample(at, seconds, [Function(*function) for function in functions]))
    return samples


if __name__ == "__main__":
    main(*sys.argv[1:])
