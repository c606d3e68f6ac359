"""Processes that end are started again, and all of them stop with the runner."""

import signal
from pathlib import Path

from tests.runner.processes import (
    PATIENCE_SECONDS,
    StartRunner,
    answering,
    is_ready,
    living_processes,
    python,
    read_log,
    read_stderr,
    stop,
    stubborn,
)
from tests.waiting import wait_until


def test_a_process_that_ends_starts_again_after_growing_pauses(start_runner: StartRunner, folder: Path) -> None:
    start_runner("short: sh -c 'echo here; exit 3'\nlong: sleep 1000\n")
    wait_until(lambda: read_stderr(folder).count("here") >= 3)
    logged = read_log(folder)
    restarts = [event for process, event in logged if process == "runner"]
    assert restarts[:2] == [f"short ended with code 3, starts again in {pause} s" for pause in ("0.5", "1")]
    assert ("short", "here") in logged


def test_a_killed_process_takes_its_children_with_it_and_starts_again(
    start_runner: StartRunner, folder: Path, data_dir: Path
) -> None:
    start_runner(f"toy: sh -c 'sleep 1001 & exec {python(folder / 'answering.py')} ${{PORT}}'\n")
    wait_until(lambda: len(living_processes(data_dir)) == 2)
    before = living_processes(data_dir)
    next(process for process in before if "answering" in " ".join(process.cmdline())).kill()
    wait_until(lambda: not any(process.is_running() for process in before))
    wait_until(lambda: len(living_processes(data_dir)) == 2)
    assert "toy was killed by SIGKILL, starts again in 0.5 s" in read_stderr(folder)


def test_a_process_that_ignores_signals_is_killed_with_its_children_in_any_session(
    start_runner: StartRunner, folder: Path, data_dir: Path
) -> None:
    runner = start_runner(stubborn(folder))
    wait_until(lambda: "settled" in read_stderr(folder) and len(living_processes(data_dir)) == 3)
    runner.terminate()
    wait_until(lambda: "stopping" in read_stderr(folder))
    runner.terminate()
    runner.send_signal(signal.SIGINT)
    assert runner.wait(PATIENCE_SECONDS) == 0
    assert living_processes(data_dir) == []


def test_a_signal_while_processes_end_and_start_stops_the_runner(
    start_runner: StartRunner, folder: Path, data_dir: Path
) -> None:
    runner = start_runner("".join(f"dying-{number}: sh -c 'exit 1'\n" for number in range(5)))
    wait_until(lambda: "starts again" in read_stderr(folder))
    stop(runner)
    assert living_processes(data_dir) == []


def test_a_log_that_is_not_read_delays_nothing(start_runner: StartRunner, folder: Path, data_dir: Path) -> None:
    runner = start_runner("chatty: yes 'a line that fills pipes'\n" + answering(folder), unread=True)
    wait_until(lambda: is_ready(folder))
    stop(runner)
    assert living_processes(data_dir) == []
