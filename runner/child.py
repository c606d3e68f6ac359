"""One child process: its start, its output, and its end with everything that it started."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from runner import tether

CHUNK = 1 << 16
DRAIN_SECONDS = 1  # to read what is still in the pipe of a process that has ended


@dataclass(frozen=True, slots=True)
class Child:
    """A process and the reading end of its output."""

    process: Process
    output: BinaryIO


async def spawn(command: str, environment: Mapping[str, str]) -> Child:
    """Start a command of the Procfile."""
    # Not asyncio's own PIPE: with that, Python before 3.13 waits for grandchildren that hold the pipe open too.
    reading_end, writing_end = os.pipe()
    try:
        process = await _spawn(command, environment, writing_end)
        return Child(process, os.fdopen(reading_end, "rb", buffering=0))
    except BaseException:
        os.close(reading_end)
        raise
    finally:
        os.close(writing_end)


async def _spawn(command: str, environment: Mapping[str, str], output: int) -> Process:
    """Start it in a group of its own, so that Ctrl-C in a terminal reaches only the runner.

    Not in a session of its own: Linux first shares the machine among sessions, and `nice` would have no effect
    on processes of another one.
    """
    return await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        f"exec {command}",  # without exec, signals would end the shell and not the command
        stdin=DEVNULL,
        stdout=output,
        stderr=STDOUT,
        env=environment,
        process_group=0,
        preexec_fn=tether.end_with_parent(),
    )


async def follow(child: Child, say: Callable[[str], None]) -> str:
    """Pass a child's lines on until it ends, end its group, and return how it ended."""
    reading = asyncio.create_task(_pass_lines(child.output, say))
    code = await child.process.wait()
    _kill_group(child.process.pid)
    await asyncio.wait({reading}, timeout=DRAIN_SECONDS)
    reading.cancel()
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"


async def _pass_lines(output: BinaryIO, say: Callable[[str], None]) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), output)
    try:
        await _split_lines(reader, say)
    finally:
        transport.close()


async def _split_lines(reader: asyncio.StreamReader, say: Callable[[str], None]) -> None:
    """Cut at line ends, and at CHUNK bytes: a line without an end must not fill the memory."""
    rest = b""
    while chunk := await reader.read(CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > CHUNK:
            lines.append(rest)
            rest = b""
        for line in lines:
            say(line.decode(errors="replace").rstrip("\r"))
    if rest:
        say(rest.decode(errors="replace"))


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # the latter where only zombies remain (macOS)
        return
