"""Tests that run in forks of the process that has collected them are reported as any others."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

pytestmark = pytest.mark.slow

TESTS = {
    "test_passes.py": "import pytest\n@pytest.mark.parametrize('number', range(5))\ndef test_it(number): pass\n",
    "test_fails.py": "def test_it(): assert 'seen' == 'wanted'\n",
    "test_ends.py": "import os\ndef test_before(): pass\ndef test_it(): os._exit(3)\n",
}


def test_results_failures_and_processes_that_end_are_reported(tmp_path: Path) -> None:
    for name, content in TESTS.items():
        (tmp_path / name).write_text(content)
    options = ["-p", "tests.forks", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    command = [sys.executable, "-m", "pytest", "--forks", "2", *options, str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "the process of this test ended with status 3" in result.stdout
    # The same process may have taken the test that fails: then it is reported as one that did not begin.
    assert "assert 'seen' == 'wanted'" in result.stdout or "its process had ended before" in result.stdout
    assert "2 failed, 6 passed" in result.stdout
