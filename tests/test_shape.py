"""How large files and folders may become, and how a module begins."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

FOLDERS = ("models", "producer", "workers", "web", "runner", "linkmill")
LONGEST_FILE = 300
LARGEST_FOLDER = 15


def modules(folder: str) -> Iterator[Path]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "versions" not in path.parts:  # migrations are never edited
            yield path


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_longer_than_one_reads_at_a_sitting(folder: str) -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(folder)}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_folder_has_more_modules_than_one_sees_at_a_glance(folder: str) -> None:
    sizes: dict[str, int] = {}
    for path in modules(folder):
        if path.name != "__init__.py":
            parent = str(path.parent.relative_to(ROOT))
            sizes[parent] = sizes.get(parent, 0) + 1
    assert {parent: size for parent, size in sizes.items() if size > LARGEST_FOLDER} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_module_begins_with_one_line_that_says_what_it_owns(folder: str) -> None:
    silent = []
    for path in modules(folder):
        text = path.read_text()
        docstring = ast.get_docstring(ast.parse(text)) or ""
        first_line = docstring.partition("\n")[0]
        if not first_line.endswith((".", ":")):
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []
