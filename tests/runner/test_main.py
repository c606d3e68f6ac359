"""`make run` as a whole: what it prints, and that a signal ends it."""

import signal
from pathlib import Path

import psutil
import pytest

from tests.runner.processes import (
    PATIENCE_SECONDS,
    SLEEPER,
    StartRunner,
    answering,
    assert_refused,
    is_ready,
    living_processes,
    read_stderr,
    read_stdout,
    says_goodbye,
)
from tests.waiting import wait_until


def test_a_ready_system_prints_its_addresses_and_the_path_of_the_key_but_no_secret(
    start_runner: StartRunner, folder: Path, data_dir: Path
) -> None:
    runner = start_runner(answering(folder))
    wait_until(lambda: is_ready(folder))
    environment = psutil.Process(runner.pid).environ()
    ready, key = read_stdout(folder).splitlines()
    assert ready == f"ready  http://localhost:{environment['PORT']}/app  http://127.0.0.1:{environment['FLOWER_PORT']}"
    assert key.endswith(str(data_dir / "first-key.json"))
    password = (data_dir / "flower-auth").read_text().strip().split(":")[1]
    assert (data_dir / "flower-auth").stat().st_mode & 0o777 == 0o600
    assert password not in read_stdout(folder) + read_stderr(folder)
    assert not [process for process in living_processes(data_dir) if password in " ".join(process.cmdline())]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_leaves_nothing(
    start_runner: StartRunner, folder: Path, data_dir: Path, number: signal.Signals
) -> None:
    runner = start_runner(says_goodbye("first") + says_goodbye("second"))
    wait_until(lambda: read_stderr(folder).count("hello") == 2)
    runner.send_signal(number)
    assert runner.wait(PATIENCE_SECONDS) == 0
    assert read_stderr(folder).count("goodbye") == 2
    assert living_processes(data_dir) == []


def test_only_some_processes_start_and_say_that_they_are_ready(
    start_runner: StartRunner, folder: Path, data_dir: Path
) -> None:
    start_runner(answering(folder) + SLEEPER, only="toy")
    wait_until(lambda: is_ready(folder))
    assert read_stdout(folder).splitlines()[0] == "ready  toy"
    assert len(living_processes(data_dir)) == 1


def test_an_unknown_name_is_refused_with_those_that_exist(start_runner: StartRunner, folder: Path) -> None:
    runner = start_runner(answering(folder), only="web,worker")
    assert_refused(runner, folder, "--only worker: expected some of web, flower")
