"""The client on its own: what `pip install` makes of this repository, where nothing of the server is."""

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from linkmill.main import COMMANDS, linkmill
from tests import ROOT
from tests.linkmill import shell
from tests.system import System

QUICK_SECONDS = 0.3  # of a processor: others may be at work
NEEDED = ("pyproject.toml", "README.md", "LICENSE")
MOST_PACKAGES = 15


@pytest.mark.timeout(300)
@pytest.mark.parametrize("system", ["postgresql"], indirect=True)
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
    for _ in range(3):
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = shell.linkmill(None, "--help")
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime)
        assert "push     Send a file" in done.stdout
    assert min(took) < QUICK_SECONDS
    assert shell.linkmill(None, "--version").stdout.strip()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_where_the_table_says_and_can_be_told_its_server(name: str) -> None:
    command = linkmill.get_command(click.Context(linkmill), name)
    assert command
    assert command.name == name
    assert {"server", "key_file"} <= {parameter.name for parameter in command.params}
