"""Faults of processes: they are killed, stopped, or run twice."""

import subprocess
from collections.abc import Callable
from contextlib import suppress

import psutil

from tests import ROOT, faults
from tests.chaos.fault import Fault, Strike, wait_out
from tests.faults import find_process
from tests.system import System

NODES = ("broker", "web", "bulk", "interactive", "callers", "beat")
STOP_SECONDS = 10.0


def kill_everything(system: System) -> None:
    """As a machine does that restarts; what starts everything again stays."""
    for name in NODES:
        kill_tree(find_process(system, name))


def kill_web_worker(system: System) -> None:
    """One of the two processes that answer requests."""
    find_process(system, "web").children()[-1].kill()


def kill_tree(process: psutil.Process) -> None:
    for one in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            one.kill()


def end_node(name: str) -> Strike:
    """Return a fault: a node is told to end, as before an update."""
    return lambda system: find_process(system, name).terminate()


def run_two_beats(system: System) -> None:
    command = [".venv/bin/celery", "-q", "-A", "workers.app", "beat", "--pidfile=", "-l", "WARNING"]
    second = subprocess.Popen(command, cwd=ROOT, env=system.environment, stderr=subprocess.DEVNULL)
    try:
        wait_out()
    finally:
        second.terminate()
        second.wait(STOP_SECONDS)


kill: Callable[[str], Strike] = faults.kill_process

FAULTS = (
    Fault("kill -9 of a process at a shard", faults.kill_shard_owner),
    Fault("kill -9 of the bulk node", kill("bulk")),
    Fault("kill -9 of the interactive node", kill("interactive")),
    Fault("kill -9 of the callers node", kill("callers")),
    Fault("kill -9 of beat", kill("beat")),
    Fault("kill -9 of web", kill("web")),
    Fault("kill -9 of a web worker", kill_web_worker),
    Fault("kill -9 of everything at once", kill_everything),
    Fault("SIGTERM of the bulk node", end_node("bulk")),
    Fault("SIGSTOP of a process in its transaction", faults.freeze_writer),
    Fault("SIGSTOP of a whole node in a transaction", faults.freeze_node),
    Fault("two beats", run_two_beats),
)
