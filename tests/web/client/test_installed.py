"""The client on its own: what `pip install` makes of this repository, where nothing of the server is."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ground import ROOT, System
from tests.web.client import shell

QUICK_SECONDS = 0.3
NEEDED = ("pyproject.toml", "README.md", "LICENSE")
MOST_PACKAGES = 15


@pytest.mark.timeout(300)
@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_alone_in_a_new_environment_it_works(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NEEDED:
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "web" / "client", tmp_path / "web" / "client", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    pip = [str(tmp_path / "env" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", tmp_path], check=True)
    found = {
        package["name"].lower() for package in json.loads(subprocess.check_output([*pip, "list", "--format=json"]))
    }
    assert {"linkmill", "httpx", "rich", "click"} <= found
    assert len(found) <= MOST_PACKAGES
    monkeypatch.setattr(shell, "SCRIPT", tmp_path / "env" / "bin" / "linkmill")
    done = shell.linkmill(system, "push", "-", given="url\nhttps://alone.example\n", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "created" in done.stdout


def test_help_comes_at_once() -> None:
    took = []
    for _ in range(5):
        began = time.monotonic()
        done = shell.linkmill(None, "--help")
        took.append(time.monotonic() - began)
        assert "push     Send a file" in done.stdout
    assert min(took) < QUICK_SECONDS


def test_help_lists_every_command_as_it_describes_itself() -> None:
    assert shell.linkmill(None, "--version").stdout.strip()
    for name in ("push", "watch", "results", "jobs", "retry", "cancel", "undo", "login"):
        done = shell.linkmill(None, name, "--help")
        assert (done.returncode, "--key-file FILE" in done.stdout) == (0, True), name
