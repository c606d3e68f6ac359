"""A DATA_DIR belongs to one run."""

from pathlib import Path

import pytest

from models.errors import Conflict
from runner import lock
from tests.runner.processes import SLEEPER, StartRunner, assert_refused, living_processes
from tests.waiting import wait_until


def test_a_second_run_is_refused_and_the_first_goes_on(start_runner: StartRunner, folder: Path, data_dir: Path) -> None:
    first = start_runner(SLEEPER)
    wait_until(lambda: living_processes(data_dir) != [])
    before = living_processes(data_dir)
    assert_refused(start_runner(SLEEPER), folder, f"DATA_DIR='{data_dir}': another")
    assert living_processes(data_dir) == before
    assert first.poll() is None


def test_the_folder_is_created_for_this_user_alone_and_free_again_afterwards(data_dir: Path) -> None:
    with lock.locked(data_dir, ["web"]):
        assert data_dir.stat().st_mode & 0o777 == 0o700
        with pytest.raises(Conflict, match="another `make run` uses it"), lock.locked(data_dir, ["web"]):
            pass
    with lock.locked(data_dir, ["web"]):
        pass


def test_runs_of_different_processes_share_a_folder(data_dir: Path) -> None:
    with lock.locked(data_dir, ["web", "beat"]), lock.locked(data_dir, ["bulk"]):
        with pytest.raises(Conflict, match="runs beat"), lock.locked(data_dir, ["flower", "beat"]):
            pass
        with lock.locked(data_dir, ["flower"]):
            pass
