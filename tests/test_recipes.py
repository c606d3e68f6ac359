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

pytestmark = pytest.mark.slow

FOLDERS = ("models", "producer", "workers", "web", "runner")
FILES = ("pyproject.toml", "celeryconfig.py", "tests/__init__.py", "tests/vendor_call.py", "tests/work.py")
BLOCK = re.compile(r"^```\w+ (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
REGISTRY = "web/vendors/__init__.py"
MIGRATIONS = "models/migrations/versions"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the code, compiled as it is here."""
    copy = tmp_path / "tree"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder)
    for name in FILES:
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    return copy


def test_the_recipe_for_a_vendor_works(tree: Path, tmp_path: Path) -> None:
    blocks = recipe("Add a vendor")
    (vendor,) = blocks.keys() - {REGISTRY}
    (tree / vendor).write_text(blocks[vendor])
    add_line(tree / REGISTRY, "MODULES = (\n", blocks[REGISTRY])
    links = [
        {"target": "https://example.com/spring", "alias": "spring", "color": "red", "countries": None},
        {"target": "no URL"},
        {"target": "https://example.com", "countries": ["FR"]},
    ]
    outcome = call_vendor(tree, tmp_path, "/acme/links", json.dumps({"links": links}))
    created, failed, refused = outcome["body"]["links"]
    assert refused["problem"].startswith("countries is not supported.")
    assert (outcome["status"], created) == (200, {"short": "http://localhost:8000/spring"})
    assert outcome["destination"] == "https://example.com/spring"
    assert set(failed) == {"problem"}
    assert outcome["summary"] == "Acme-compatible bulk create"


@pytest.fixture
def tree_with_note(tree: Path) -> Path:
    """A copy of the code and its tests in which the recipe for a field was followed."""
    shutil.copytree(ROOT / "tests", tree / "tests", dirs_exist_ok=True)
    blocks = recipe("Add a field to items")
    add_migration(tree, blocks)
    for path, place in FIELD_PLACES.items():
        insert(tree / path, place, blocks.pop(path))
    assert blocks == {}
    return tree


FIELD_PLACES = {
    "producer/fields/item_fields.py": r"ITEM_FIELDS = \(.*?(?=^\))",
    "producer/fields/item_rules.py": r".*\Z",
    "models/tables/links.py": r'Column\("disabled_at", Time\),\n',
    "producer/documents/schemas/links.py": r"class ItemRequestSchema.*?    external_id = [^\n]*\n",
    "tests/reference.py": r"class Item\(Schema\).*?    external_id = [^\n]*\n",
    "tests/test_reference.py": r"^FIELDS: [^\n]*\n",
}
"""A line goes to the end of what the pattern matches."""


def insert(path: Path, place: str, line: str) -> None:
    text = path.read_text()
    match = re.search(place, text, re.MULTILINE | re.DOTALL)
    assert match, path
    path.write_text(text[: match.end()] + line + text[match.end() :])


def test_the_recipe_for_a_field_works(tree_with_note: Path, tmp_path: Path) -> None:
    values = (json.dumps(" a note "), json.dumps("x" * 501))
    outcome = run_in(tree_with_note, tmp_path, "tests.item_call", "note", *values)
    assert outcome == {"status": 201, "stored": "a note", "refused": [422, "INVALID_NOTE", "/note"], "documented": True}


def test_a_field_by_the_recipe_keeps_to_the_reference(tree_with_note: Path, tmp_path: Path) -> None:
    files = ("tests/producer/documents/schemas/test_links.py", "tests/producer/fields", "tests/test_reference.py")
    run_tests(tree_with_note, tmp_path, "-k", "not postgresql and not csv_means and not reuse", *files)


def add_migration(tree: Path, blocks: dict[str, str]) -> None:
    """Write the migration under the next number, whatever number the recipe shows."""
    (path,) = [path for path in blocks if path.startswith(MIGRATIONS)]
    last = max(int(name.name[:4]) for name in (tree / MIGRATIONS).glob("[0-9]*.py"))
    text = blocks.pop(path)
    text = re.sub('^revision = "[0-9]+"', f'revision = "{last + 1:04}"', text, flags=re.MULTILINE)
    text = re.sub('^down_revision = "[0-9]+"', f'down_revision = "{last:04}"', text, flags=re.MULTILINE)
    (tree / MIGRATIONS / f"{last + 1:04}_notes.py").write_text(text)


def run_tests(tree: Path, data_dir: Path, *arguments: str) -> None:
    environment = environment_of(data_dir) | {"EXAMPLES": "0.2"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:]


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
    return run_in(tree, data_dir, "tests.vendor_call", path, body)


def run_in(tree: Path, data_dir: Path, module: str, *arguments: str) -> dict[str, Any]:
    """Run a module of the copy, and return the JSON that it prints last."""
    command = [sys.executable, "-m", module, *arguments]
    environment = environment_of(data_dir)
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def environment_of(data_dir: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "DATA_DIR": str(data_dir / "data"), "PYTHONDONTWRITEBYTECODE": "1"}
