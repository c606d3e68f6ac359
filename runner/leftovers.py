"""Processes that outlive their runner: recognized by a mark in their environment, and ended."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil

MARK = "LINKMILL_RUN"
GRACE_SECONDS = 3


def mark(data_dir: Path) -> str:
    """Return the value of MARK for the children of this runner."""
    return f"{os.getpid()} {data_dir.resolve()}"


def end_orphans(data_dir: Path) -> None:
    """End what a runner of this DATA_DIR left behind when it was killed; call it while holding the lock."""
    folder = str(data_dir.resolve())
    orphans = list(_marked_processes(lambda pid, marked_folder: marked_folder == folder and not _is_alive(pid)))
    _for_each(psutil.Process.terminate, orphans)
    _, stubborn = psutil.wait_procs(orphans, timeout=GRACE_SECONDS)
    _for_each(psutil.Process.kill, stubborn)
    psutil.wait_procs(stubborn, timeout=GRACE_SECONDS)


def kill_own(also: Iterable[psutil.Process] = ()) -> None:
    """Kill what this runner started and what still runs, whatever session it is in."""
    own = {*_marked_processes(lambda pid, _: pid == os.getpid()), *also}
    _for_each(psutil.Process.kill, own)
    psutil.wait_procs(own, timeout=GRACE_SECONDS)


def descendants() -> list[psutil.Process]:
    processes: list[psutil.Process] = psutil.Process().children(recursive=True)
    return processes


def _marked_processes(fits: Callable[[int, str], bool]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            runner, _, folder = process.environ().get(MARK, "").partition(" ")
        except (psutil.Error, OSError):
            continue
        if runner.isdigit() and process.pid != os.getpid() and fits(int(runner), folder):
            yield process


def _is_alive(pid: int) -> bool:
    try:
        status: str = psutil.Process(pid).status()
    except psutil.Error:
        return False
    return bool(status != psutil.STATUS_ZOMBIE)


def _for_each(act: Callable[[psutil.Process], None], processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        try:
            act(process)
        except psutil.Error:
            continue
