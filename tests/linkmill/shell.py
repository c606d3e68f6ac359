"""What a user types: the installed script, in pipes as cron has it and on a terminal as people do."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.system import System

SCRIPT = Path(sys.executable).parent / "linkmill"
OURS = ("LINKMILL_SERVER", "LINKMILL_KEY", "NO_COLOR", "FORCE_COLOR")


def environment(system: System | None, **more: str) -> dict[str, str]:
    """Where nobody has logged in; with a system, its address and its key."""
    clean = {name: value for name, value in os.environ.items() if name not in OURS} | {"XDG_CONFIG_HOME": "/nowhere"}
    where = {"LINKMILL_SERVER": system.url, "LINKMILL_KEY": system.key["token"]} if system else {}
    return clean | where | {"TERM": "xterm-256color", "COLUMNS": "100"} | more


def linkmill(
    system: System | None, *arguments: Any, given: str = "", cwd: Path = ROOT, **more: str
) -> subprocess.CompletedProcess[str]:
    command = [str(SCRIPT), *map(str, arguments)]
    return subprocess.run(
        command, input=given, env=environment(system, **more), cwd=cwd, capture_output=True, text=True, timeout=100
    )


def started(system: System, *arguments: Any, **more: str) -> "subprocess.Popen[str]":
    command = [str(SCRIPT), *map(str, arguments)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment(system, **more), text=True, **pipes)  # type: ignore[call-overload, no-any-return]


def on_a_terminal(system: System, *arguments: Any, asked: str = "", typed: str = "", **more: str) -> tuple[int, str]:
    """The exit code and all that the terminal got; what is asked for is typed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(SCRIPT), *map(str, arguments)],
        env=environment(system, **more),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,  # or whoever runs the tests would be asked
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the end of a terminal
        while part := os.read(ours, 1 << 16):
            shown += part
            if typed and asked.encode() in shown:
                os.write(ours, typed.encode())
                typed = ""
    os.close(ours)
    return process.wait(60), shown.decode()


def said(process: "subprocess.Popen[str]", words: str) -> str:
    """Reads what a started command says until these words come; gives that line."""
    assert process.stderr
    heard = ""
    for line in process.stderr:
        heard += line
        if words in line:
            return line
    raise AssertionError(f"it never said {words!r} but: {heard}")
