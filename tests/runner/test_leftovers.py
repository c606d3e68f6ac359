"""What happens to processes whose runner was killed."""

from pathlib import Path

from tests.runner.processes import (
    BROKER,
    SLEEPER,
    StartRunner,
    answering,
    is_ready,
    living_processes,
    read_stderr,
    stubborn,
)
from tests.waiting import wait_until


def test_children_end_when_the_runner_is_killed(start_runner: StartRunner, data_dir: Path) -> None:
    runner = start_runner(BROKER + SLEEPER)
    wait_until(lambda: len(living_processes(data_dir)) == 2)
    runner.kill()
    runner.wait()
    wait_until(lambda: living_processes(data_dir) == [])


def test_a_start_after_a_kill_ends_what_still_runs_and_becomes_ready(
    start_runner: StartRunner, folder: Path, data_dir: Path
) -> None:
    runner = start_runner(answering(folder) + stubborn(folder))
    wait_until(lambda: is_ready(folder) and "settled" in read_stderr(folder))
    before = living_processes(data_dir)
    runner.kill()
    runner.wait()
    start_runner(answering(folder))
    wait_until(lambda: is_ready(folder))
    assert not any(process.is_running() for process in before)
