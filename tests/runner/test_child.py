"""One child process: its lines, and how it ended."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from runner import child


def run(command: str) -> tuple[str, list[str]]:
    """Run a command to its end; return how it ended and its lines."""
    lines: list[str] = []

    async def spawn_and_follow() -> str:
        return await child.follow(await child.spawn(command, dict(os.environ)), lines.append)

    # In a thread of its own: the browser of other tests keeps an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(spawn_and_follow())).result(), lines


def test_lines_of_both_streams_are_passed_on_and_the_code_is_told() -> None:
    ending, lines = run("sh -c 'echo out; echo err >&2; printf last; exit 3'")
    assert ending == "ended with code 3"
    assert lines == ["out", "err", "last"]


def test_a_killed_process_says_by_which_signal() -> None:
    ending, _ = run("sh -c 'kill -KILL $$'")
    assert ending == "was killed by SIGKILL"


def test_a_line_without_an_end_is_cut() -> None:
    _, lines = run("head -c 200000 /dev/zero")
    assert len(lines) > 1
    assert sum(map(len, lines)) == 200_000


def test_a_child_in_the_background_ends_with_its_parent_and_holds_nothing_open() -> None:
    ending, lines = run("sh -c 'sleep 1000 & echo done'")
    assert (ending, lines) == ("ended with code 0", ["done"])
