"""The recipes in CONTRIBUTING.md, followed to the letter in a copy of the tree."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

FOLDERS = ("models", "producer", "workers", "web")
FILES = ("pyproject.toml", "celeryconfig.py", "tests/__init__.py", "tests/vendor_call.py", "tests/work.py")
BLOCK = re.compile(r"^```\w+ (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
REGISTRY = "web/vendors/__init__.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the code."""
    copy = tmp_path / "tree"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    return copy


def test_the_recipe_for_a_vendor_works(tree: Path, tmp_path: Path) -> None:
    blocks = recipe("Add a vendor")
    (vendor,) = blocks.keys() - {REGISTRY}
    (tree / vendor).write_text(blocks[vendor])
    add_line(tree / REGISTRY, "MODULES = (\n", blocks[REGISTRY])
    body = {"links": [{"target": "https://example.com/spring", "alias": "spring"}, {"target": "no URL"}]}
    outcome = call_vendor(tree, tmp_path, "/acme/links", json.dumps(body))
    created, failed = outcome["body"]["links"]
    assert (outcome["status"], created) == (200, {"short": "http://localhost:8000/spring"})
    assert outcome["destination"] == "https://example.com/spring"
    assert set(failed) == {"problem"}
    assert outcome["summary"] == "Acme-compatible bulk create"


def recipe(heading: str) -> dict[str, str]:
    """Return the code blocks of a section, by the file that each names."""
    _, _, text = (ROOT / "CONTRIBUTING.md").read_text().partition(f"\n## {heading}\n")
    section, _, _ = text.partition("\n## ")
    return dict(BLOCK.findall(section))


def add_line(path: Path, after: str, line: str) -> None:
    text = path.read_text()
    assert after in text
    path.write_text(text.replace(after, after + line))


def call_vendor(tree: Path, data_dir: Path, path: str, body: str) -> dict[str, Any]:
    environment = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(data_dir / "data"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "tests.vendor_call", path, body]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome
