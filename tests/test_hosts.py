"""A database whose cable is pulled costs no row; `make hosts` pulls that of each host in turn."""

import subprocess
import sys

import pytest

from tests import ROOT
from tests.hosts import network

OBSTACLE = network.find_obstacle()


@pytest.mark.server
@pytest.mark.skipif(OBSTACLE is not None, reason=str(OBSTACLE))
def test_a_job_survives_a_database_that_is_cut_off() -> None:
    command = [sys.executable, "-m", "tests.hosts", "--short"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines()[-1].startswith("postgresql")
