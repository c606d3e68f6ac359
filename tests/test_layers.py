"""The house as DESIGN has it: which way imports run, and how large a file may become."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import store
from models.accounts.keys import Owner
from models.links import reserved_words
from tests import ROOT
from web import create_app
from web.ops.prepare import first_segments, prepare

ALLOWED = {
    "models": {"models"},
    "producer": {"models", "producer"},
    "workers": {"models", "producer", "workers"},
    "web": {"models", "producer", "web"},
    "runner": {"models", "producer", "web", "runner"},
    "linkmill": {"linkmill"},
}
LONGEST_FILE = 300
STORES = ("sqlite", "postgres")
BESIDE_THE_STORE = ("runner/preflight.py",)  # whether there is a server to ask


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders or ALLOWED:
        yield from sorted((ROOT / folder).rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def names(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [node.module or "."] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]


@pytest.mark.parametrize("layer", ALLOWED)
def test_imports_run_only_downwards(layer: str) -> None:
    ours = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
    seen = 0
    for path in sources(layer):
        for node in imports(ast.parse(path.read_text())):
            seen += 1
            wrong = [name for name in names(node) if name.split(".")[0] in ours - ALLOWED[layer]]
            assert not wrong, f"{path.relative_to(ROOT)}:{node.lineno} imports {wrong[0]}"
    assert seen


def test_nothing_is_imported_inside_a_function_or_under_a_condition() -> None:
    for path in sources():
        tree = ast.parse(path.read_text())
        hidden = set(imports(tree)) - {node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)}
        assert not hidden, f"{path.relative_to(ROOT)}:{min(node.lineno for node in hidden)}"


def test_the_client_stands_alone() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    known = {re.split(r"\W", name)[0] for name in needed} | sys.stdlib_module_names
    for path in sources():
        own = path.is_relative_to(ROOT / "linkmill")
        for node in imports(ast.parse(path.read_text())):
            relative = isinstance(node, ast.ImportFrom) and node.level == 1
            foreign = [name for name in names(node) if own and not relative and name.split(".")[0] not in known]
            client = [name for name in names(node) if name.split(".")[0] == "linkmill"]
            assert not foreign + client, f"{path.relative_to(ROOT)}:{node.lineno} imports {(foreign + client)[0]}"


def test_only_the_store_asks_which_store_it_is() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        if not path.is_relative_to(ROOT / "models" / "store")
        if str(path.relative_to(ROOT)) not in BESIDE_THE_STORE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.If | ast.IfExp | ast.While)
        if any(name in ast.unparse(node.test).lower() for name in STORES)
    ]
    assert found == []


def test_no_file_grows_beyond_what_one_reads_at_a_sitting() -> None:
    for path in sources():
        if "versions" not in path.parts:
            assert len(path.read_text().splitlines()) <= LONGEST_FILE, path


def test_no_link_can_hide_behind_a_route_of_ours(owner: Owner) -> None:
    app = create_app()
    prepare(app)
    segments = first_segments(app)
    assert {"api", "healthz", "readyz"} <= segments
    with store.read() as db:
        assert segments <= reserved_words.load(db)
