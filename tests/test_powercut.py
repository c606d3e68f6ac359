"""What somebody was told outlives a power cut; `make powercut` cuts the power of real processes, and more often."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.powercut import NAMESPACE

HAS_DISK = os.geteuid() == 0 and Path("/dev/fuse").exists() and bool(shutil.which("mkfs.ext4"))


@pytest.mark.server
@pytest.mark.skipif(not HAS_DISK, reason="a disk of its own needs root, /dev/fuse and mkfs.ext4")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_nothing_told_is_lost_and_something_is_where_commits_do_not_wait(store: str) -> None:
    command = ["unshare", "--mount", sys.executable, "-m", "tests.powercut", "--short", "--store", store]
    result = subprocess.run(command, cwd=ROOT, env=os.environ | {NAMESPACE: "1"}, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
