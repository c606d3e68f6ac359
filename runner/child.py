"""One child process: its start, its lines, its end with all that it started."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from runner import tether

CHUNK = 1 << 16
LAST_WORDS = 1  # seconds to read what is still in the pipe


@dataclass(frozen=True, slots=True)
class Child:
    process: Process
    output: BinaryIO


async def spawn(command: str, environment: Mapping[str, str]) -> Child:
    # Not asyncio's own PIPE: with that, Python before 3.13 waits for grandchildren that hold the pipe open too.
    output, theirs = os.pipe()
    try:
        return Child(await _spawn(command, environment, theirs), os.fdopen(output, "rb", buffering=0))
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(theirs)


async def follow(child: Child, say: Callable[[str], None]) -> str:
    """Passes its lines on until it ends, takes its group with it, and tells how it ended."""
    reading = asyncio.create_task(_pass_lines(child.output, say))
    code = await child.process.wait()
    _kill_group(child.process.pid)
    await asyncio.wait({reading}, timeout=LAST_WORDS)
    reading.cancel()
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


async def _spawn(command: str, environment: Mapping[str, str], output: int) -> Process:
    """In a group of its own, so that Ctrl-C in a terminal reaches the runner alone. Not in a session: Linux shares the
    machine out among sessions first, and `nice` would say nothing to the others."""
    return await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        f"exec {command}",  # without exec, signals would end the shell and not the command
        stdin=DEVNULL,
        stdout=output,
        stderr=STDOUT,
        env=environment,
        process_group=0,
        preexec_fn=tether.to_parent(),
    )


async def _pass_lines(output: BinaryIO, say: Callable[[str], None]) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), output)
    try:
        await _split(reader, say)
    finally:
        transport.close()


async def _split(reader: asyncio.StreamReader, say: Callable[[str], None]) -> None:
    rest = b""
    while chunk := await reader.read(CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > CHUNK:
            lines, rest = [*lines, rest], b""
        for line in lines:
            say(line.decode(errors="replace").rstrip("\r"))
    if rest:
        say(rest.decode(errors="replace"))


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # the latter where only zombies are left (macOS)
        return
