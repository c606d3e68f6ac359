"""Log lines on stderr, each with its process."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runner import output
from tests.waiting import wait_until


def test_lines_carry_aligned_names(capfd: pytest.CaptureFixture[str]) -> None:
    with output.labelled(["web", "broker"], "text") as say:
        say("web", "one")
        say("broker", "two \ud800")
    assert capfd.readouterr().err == "web    | one\nbroker | two ?\n"


def test_a_line_of_json_gets_its_process_and_any_other_becomes_an_event(capfd: pytest.CaptureFixture[str]) -> None:
    with output.labelled(["web", "broker"], "json") as say:
        say("web", '{"event": "ready", "port": 1}')
        say("broker", "* Ready \udc80")
        say("broker", '["no object"]')
    first, second, third = map(json.loads, capfd.readouterr().err.splitlines())
    assert first == {"process": "web", "event": "ready", "port": 1}
    assert second | {"timestamp": ""} == {
        "process": "broker",
        "event": "* Ready \udc80",
        "level": "info",
        "timestamp": "",
    }
    assert third["event"] == '["no object"]'


def test_a_reader_that_stops_delays_nothing_and_later_learns_how_much_it_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(output, "BACKLOG", 3)
    with blocked_stderr(monkeypatch) as (lines, unblock), output.labelled(["web"], "text") as say:
        say("web", "first")
        wait_until(lambda: lines)
        for number in range(5):
            say("web", str(number))
        unblock.set()
        wait_until(lambda: lines[-1] == b"web | 2\n")
        say("web", "last")
        wait_until(lambda: lines[-1] == b"web | last\n")
    assert lines[-2] == b"runner | 2 lines were dropped here: stderr was not read\n"


@contextmanager
def blocked_stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[bytes], threading.Event]]:
    """Collect lines in place of writing them; each write waits for the event."""
    lines: list[bytes] = []
    unblock = threading.Event()

    def write(descriptor: int, line: bytes) -> int:
        lines.append(line)
        unblock.wait(20)
        return len(line)

    monkeypatch.setattr(os, "write", write)
    yield lines, unblock
    unblock.set()
