"""The runner as a process, with a folder of small programs for its Procfiles."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.runner.processes import ANSWERING, STUBBORN, StartRunner, free_port, living_processes

SETTINGS = ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "HOST", "PORT", "BASE_URL", "FLOWER_BASIC_AUTH", "LINKMILL_RUN")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the Procfile, of the programs that it names, and of the runner's output."""
    (tmp_path / "answering.py").write_text(ANSWERING)
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    return tmp_path


@pytest.fixture
def start_runner(tmp_path: Path, data_dir: Path) -> Iterator[StartRunner]:
    """Start the runner on a Procfile; its output is in the files `out` and `err`. Nothing outlives the test."""
    runners: list[subprocess.Popen[str]] = []
    ports = {"PORT": str(free_port()), "FLOWER_PORT": str(free_port())}

    def start(text: str, unread: bool = False, only: str = "", **settings: str) -> subprocess.Popen[str]:
        (tmp_path / "Procfile").write_text(text)
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
            runner = subprocess.Popen(
                [sys.executable, "-m", "runner", str(tmp_path / "Procfile"), *(["--only", only] if only else [])],
                cwd=ROOT,
                env={**environment, **ports, "DATA_DIR": str(data_dir), **settings},
                stdout=out,
                stderr=subprocess.PIPE if unread else err,
                text=True,
            )
        runners.append(runner)
        return runner

    yield start
    for runner in runners:
        runner.kill()
        runner.communicate()
    for process in living_processes(data_dir):
        process.kill()
