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
FILES = ("pyproject.toml", "README.md", "LICENSE")
MOST_PACKAGES = 15


@pytest.mark.timeout(300)
@pytest.mark.parametrize("system", ["postgresql"], indirect=True)
def test_alone_in_a_new_environment_it_works(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source has other packages beside it, and only `linkmill` is installed."""
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    for name in ("linkmill", "models"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    python = str(tmp_path / "env" / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", tmp_path], check=True)
    distributions = json.loads(subprocess.check_output([*pip, "list", "--format=json"]))
    names = {distribution["name"].lower() for distribution in distributions}
    assert {"linkmill", "httpx", "rich", "click"} <= names
    assert len(names) <= MOST_PACKAGES
    assert top_folders(python) == {"linkmill", "linkmill-0.1.0.dist-info", ".."}  # the last has bin/linkmill
    monkeypatch.setattr(shell, "SCRIPT", tmp_path / "env" / "bin" / "linkmill")
    done = shell.linkmill(system, "push", "-", given="url\nhttps://alone.example\n", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "created" in done.stdout


def top_folders(python: str) -> set[str]:
    """Where the files of the installed `linkmill` are, below site-packages."""
    program = "from importlib.metadata import files; print(*(path.parts[0] for path in files('linkmill')))"
    return set(subprocess.check_output([python, "-c", program], cwd="/", text=True).split())


def test_help_comes_at_once() -> None:
    seconds = []
    for _ in range(3):
        before = processor_seconds()
        done = shell.linkmill(None, "--help")
        seconds.append(processor_seconds() - before)
        assert "push     Send a file" in done.stdout
    assert min(seconds) < QUICK_SECONDS
    assert shell.linkmill(None, "--version").stdout.strip()


def processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_where_the_table_says_and_can_be_told_its_server(name: str) -> None:
    command = linkmill.get_command(click.Context(linkmill), name)
    assert command
    assert command.name == name
    if name != "verify":  # it asks the links' own hosts
        assert {"server", "key_file"} <= {parameter.name for parameter in command.params}
