"""Processes that outlived their runner, known by a mark in their environment, and how they are ended."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil

MARK = "LINKMILL_RUN"
PATIENCE = 3  # seconds to end gently


def mark(data_dir: Path) -> str:
    return f"{os.getpid()} {data_dir.resolve()}"


def end_orphans(data_dir: Path) -> None:
    """Ends what a runner of this DATA_DIR left behind when it was killed; call it with the DATA_DIR's lock held."""
    _end(_marked(lambda pid, folder: folder == str(data_dir.resolve()) and not _alive(pid)))


def end_mine(also: Iterable[psutil.Process] = ()) -> None:
    """Kills what this runner started and what still runs, in whatever session it hides."""
    mine = {*_marked(lambda pid, _: pid == os.getpid()), *also}
    _each(psutil.Process.kill, mine)
    psutil.wait_procs(mine, timeout=PATIENCE)


def descendants() -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process().children(recursive=True)
    return found


def _end(processes: Iterable[psutil.Process]) -> None:
    processes = list(processes)
    _each(psutil.Process.terminate, processes)
    _, stubborn = psutil.wait_procs(processes, timeout=PATIENCE)
    _each(psutil.Process.kill, stubborn)
    psutil.wait_procs(stubborn, timeout=PATIENCE)


def _marked(fits: Callable[[int, str], bool]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            runner, _, folder = process.environ().get(MARK, "").partition(" ")
        except (psutil.Error, OSError):
            continue
        if runner.isdigit() and process.pid != os.getpid() and fits(int(runner), folder):
            yield process


def _alive(pid: int) -> bool:
    try:
        status: str = psutil.Process(pid).status()
    except psutil.Error:
        return False
    return bool(status != psutil.STATUS_ZOMBIE)


def _each(act: Callable[[psutil.Process], None], processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        try:
            act(process)
        except psutil.Error:
            continue
