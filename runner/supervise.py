"""Starts the processes in order, restarts one that ends, and stops all of them in reverse."""

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from models.settings import Settings
from runner import leftovers, ready
from runner.child import follow, spawn
from runner.environment import FLOWER_AUTH, flower_auth
from runner.output import RUNNER, Say
from runner.procfile import BROKER, FLOWER, Entry

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 30.0  # a process that ran for so long restarts after the first pause again

# A Celery node waits for its tasks on TERM and puts them back on QUIT.
STOP_STEPS = ((signal.SIGTERM, 5.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 1.0))
BROKER_STOP_STEPS = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 1.0))


@dataclass(frozen=True, slots=True)
class Run:
    """What one `make run` starts, and the processes that run."""

    settings: Settings
    entries: tuple[Entry, ...]
    environment: Mapping[str, str]
    say: Say
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    children: dict[Entry, Process] = field(default_factory=dict)


async def supervise(run: Run, on_ready: Callable[[], None]) -> None:
    """Run everything; return after SIGINT, SIGTERM or SIGHUP, when nothing that was started still runs."""
    _stop_on_signals(run.stop)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_start_all(run, group, on_ready))
            await run.stop.wait()
            await _stop_all(run)
    finally:
        leftovers.kill_own()


def _stop_on_signals(stop: asyncio.Event) -> None:
    # Not loop.add_signal_handler: a second signal that comes when the loop is closed must not kill the runner.
    loop = asyncio.get_running_loop()

    def request_stop(*_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        is_nohup = number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN
        if not is_nohup:
            signal.signal(number, request_stop)


async def _start_all(run: Run, group: asyncio.TaskGroup, on_ready: Callable[[], None]) -> None:
    for entry in run.entries:
        if entry.name == FLOWER:  # Flower asks the nodes once, when it starts: it misses those that come later
            await _wait_for_web_and_nodes(run)
        group.create_task(_keep_running(run, entry))
        if entry.name == BROKER:
            await ready.wait_until(ready.broker, run.settings, run.stop)
    await _wait_for_web_and_nodes(run)
    if any(entry.name == FLOWER for entry in run.entries):
        await ready.wait_until(ready.flower, run.settings, run.stop)
    if not run.stop.is_set():
        on_ready()


async def _wait_for_web_and_nodes(run: Run) -> None:
    await ready.wait_until(ready.web(run.entries), run.settings, run.stop)
    await ready.wait_until(ready.nodes(run.entries), run.settings, run.stop)


async def _keep_running(run: Run, entry: Entry) -> None:
    pause = FIRST_PAUSE
    while not run.stop.is_set():
        start = time.monotonic()
        ending = await _run_once(run, entry)
        if run.stop.is_set():
            break
        if time.monotonic() - start > STEADY_SECONDS:
            pause = FIRST_PAUSE
        run.say(RUNNER, f"{entry.name} {ending}, starts again in {pause:g} s")
        await _sleep_unless_stopped(run.stop, pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _run_once(run: Run, entry: Entry) -> str:
    environment = dict(run.environment)
    if entry.name == FLOWER:
        environment[FLOWER_AUTH] = flower_auth(run.settings)
    try:
        child = await spawn(entry.command, environment)
    except OSError as error:
        return f"could not start ({error.strerror})"
    run.children[entry] = child.process
    return await follow(child, lambda line: run.say(entry.name, line))


async def _sleep_unless_stopped(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _stop_all(run: Run) -> None:
    """Stop the broker last: the others still put their tasks back."""
    run.say(RUNNER, "stopping")
    descendants = await asyncio.to_thread(leftovers.descendants)
    await _stop_some(run, STOP_STEPS, lambda entry: entry.name != BROKER)
    await _stop_some(run, BROKER_STOP_STEPS, lambda entry: entry.name == BROKER)
    leftovers.kill_own(descendants)


async def _stop_some(run: Run, steps: tuple[tuple[signal.Signals, float], ...], fits: Callable[[Entry], bool]) -> None:
    for number, patience in steps:
        living = {entry: child for entry, child in run.children.items() if fits(entry) and child.returncode is None}
        if not living:
            return
        for entry in reversed(living):
            if number != signal.SIGQUIT or "worker" in entry.command:
                living[entry].send_signal(number)
        await asyncio.wait([asyncio.ensure_future(child.wait()) for child in living.values()], timeout=patience)
