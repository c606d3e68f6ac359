"""What flowerconfig.py decides, and the version of Flower whose private parts it replaces."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests import ROOT

MADE_FOR = "2.2.0"


def test_the_replaced_method_is_that_of_the_version_it_was_made_for() -> None:
    """After an upgrade: read flower/app.py and tornado/web.py again, run tests/web/ops/test_flower.py, then name it."""
    assert version("flower") == MADE_FOR


PROGRAM = """
from types import SimpleNamespace
import flowerconfig
from flower.app import Flower
from flower.options import options
from tornado.web import Application

assert Flower.find_handler is flowerconfig.require_password
assert Application.find_handler is not flowerconfig.require_password
{check}
"""


def run(check: str, folder: Path) -> None:
    """Run a check in a process of its own: flowerconfig.py changes Flower for the whole process."""
    environment = os.environ | {"DATA_DIR": str(folder)}
    command = [sys.executable, "-c", PROGRAM.format(check=check)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


CHECKS = {
    "a pair of the settings opens it": """
options.basic_auth = ["ops:one", "dev:two"]
assert flowerconfig.is_authorized("Basic b3BzOm9uZQ==")
assert flowerconfig.is_authorized("basic ZGV2OnR3bw==")
""",
    "nothing else does": """
options.basic_auth = ["ops:one"]
for header in ("", "Basic", "Basic %%%", "Basic b3BzOnR3bw==", "Bearer b3BzOm9uZQ==", "Basic \\u00e9"):
    assert not flowerconfig.is_authorized(header), header
options.basic_auth = []
assert not flowerconfig.is_authorized("Basic b3BzOm9uZQ==")
""",
    "arguments and results are shown in words": """
result = "{'job': '8', 'rows': 3, 'created': 2, 'updated': 0, 'failed': 1}"
task = SimpleNamespace(args="()", kwargs="{'job': '7', 'rows': 3}", result=result)
flowerconfig.format_task(task)
assert (task.args, task.kwargs, task.result) == ("", "job 7 · rows 3", "failed 1 · created 2 · job 8")
assert len(flowerconfig.in_words({'unreadable': 'x' * 99})) == len("unreadable ") + flowerconfig.LONGEST_VALUE
for text in ("[1]", "a traceback", None):
    other = SimpleNamespace(args="()", kwargs=text, result=text)
    flowerconfig.format_task(other)
    assert (other.kwargs, other.result) == (text, text)
""",
}


@pytest.mark.slow
def test_the_password_is_checked_and_tasks_are_shown_in_words(tmp_path: Path) -> None:
    run("".join(CHECKS.values()), tmp_path)
