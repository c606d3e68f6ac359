"""What a reader pastes from README.md and docs/jobs.md works, in the order in which it stands."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from tests import ROOT
from tests.system import System
from tests.web.commands import new_key

DOCUMENTS = ("README.md", "docs/jobs.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
OTHER_COMMANDS = ("make ", "git ")
"""The test of `make run` and of a clone is another one: the shared system runs already."""
SHELL = """
set -euo pipefail
curl() { command curl --fail-with-body --max-time 60 "$@"; }
push() { .venv/bin/linkmill push "$@" || [ $? = 1 ]; }  # a row of README's file fails
"""


@pytest.mark.skipif(not which("curl"), reason="needs curl")
@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_the_blocks_of_the_documents_run(system: System, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/first-key.json").write_text(json.dumps(new_key(system, "--workspace", "reader")))
    (tmp_path / ".venv").symlink_to(sys.prefix)
    script = "".join(block for name in DOCUMENTS for block in blocks(name))
    script = script.replace(".venv/bin/linkmill push", "push")
    script = script.replace("localhost:8000", system.url.removeprefix("http://"))
    environment = os.environ | {"LINKMILL_SERVER": system.url, "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", SHELL + script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with (tmp_path / "results.csv").open(newline="") as file:
        results = list(csv.DictReader(file))
    assert [row["error_code"] for row in results][1:] == [
        "",
        "INVALID_URL",
    ]  # the first has its slug since the first push
    assert "HTTP/1.1 302" in done.stdout


def blocks(document: str) -> list[str]:
    found = BLOCK.findall((ROOT / document).read_text())
    return [block for block in found if not block.startswith(OTHER_COMMANDS)]
