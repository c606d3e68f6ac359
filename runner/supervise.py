"""Starts the processes in order, starts a dead one again, and stops all of them in reverse."""

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
from runner.output import Say
from runner.procfile import Entry

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
STEADY = 30.0  # seconds after which a death is news again and not the next of a row

# A Celery node waits for its tasks on TERM and puts them back on QUIT.
STEPS = ((signal.SIGTERM, 5.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 1.0))
BROKER_STEPS = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 1.0))


@dataclass(frozen=True, slots=True)
class Run:
    settings: Settings
    entries: tuple[Entry, ...]
    environment: Mapping[str, str]
    say: Say
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    children: dict[Entry, Process] = field(default_factory=dict)


async def supervise(run: Run, on_ready: Callable[[], None]) -> None:
    """Returns when SIGINT, SIGTERM or SIGHUP came and nothing is left of what was started."""
    _listen(run.stop)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_start(run, group, on_ready))
            await run.stop.wait()
            await _stop(run)
    finally:
        leftovers.end_mine()


def _listen(stop: asyncio.Event) -> None:
    # Not loop.add_signal_handler: a second signal that comes when the loop is closed must not kill the runner.
    loop = asyncio.get_running_loop()

    def ask(*_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, ask)


async def _start(run: Run, group: asyncio.TaskGroup, on_ready: Callable[[], None]) -> None:
    for entry in run.entries:
        if entry.name == "flower":  # started beside the workers, it knows nothing of those that come later
            await ready.until(ready.web, run.settings, run.stop)
            await ready.until(ready.nodes(run.entries), run.settings, run.stop)
        group.create_task(_keep(run, entry))
        if entry.name == "broker":
            await ready.until(ready.broker, run.settings, run.stop)
    await ready.until(ready.web, run.settings, run.stop)
    await ready.until(ready.flower, run.settings, run.stop)
    if not run.stop.is_set():
        on_ready()


async def _keep(run: Run, entry: Entry) -> None:
    pause = FIRST_PAUSE
    while not run.stop.is_set():
        began = time.monotonic()
        end = await _live(run, entry)
        if run.stop.is_set():
            break
        if time.monotonic() - began > STEADY:
            pause = FIRST_PAUSE
        run.say("up", f"{entry.name} {end}, starts again in {pause:g} s")
        await _pause(run.stop, pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _live(run: Run, entry: Entry) -> str:
    secret = {FLOWER_AUTH: flower_auth(run.settings)} if entry.name == "flower" else {}
    try:
        child = await spawn(entry.command, {**run.environment, **secret})
    except OSError as error:
        return f"could not start ({error.strerror})"
    run.children[entry] = child.process
    return await follow(child, lambda line: run.say(entry.name, line))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _stop(run: Run) -> None:
    run.say("up", "stopping")
    family = await asyncio.to_thread(leftovers.descendants)
    await _end(run, STEPS, lambda entry: entry.name != "broker")
    await _end(run, BROKER_STEPS, lambda entry: entry.name == "broker")
    leftovers.end_mine(family)


async def _end(run: Run, steps: tuple[tuple[signal.Signals, float], ...], fits: Callable[[Entry], bool]) -> None:
    for number, patience in steps:
        living = {entry: child for entry, child in run.children.items() if fits(entry) and child.returncode is None}
        if not living:
            return
        for entry in reversed(living):
            if number != signal.SIGQUIT or "worker" in entry.command:
                living[entry].send_signal(number)
        await asyncio.wait([asyncio.ensure_future(child.wait()) for child in living.values()], timeout=patience)
