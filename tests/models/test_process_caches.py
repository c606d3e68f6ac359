"""A test that sets up a process of its own resets every cache: none may be missing from the registry."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from models import process_caches
from tests import ROOT

LAYERS = ("models", "producer", "workers", "web")
REGISTRY = ROOT / "models" / "process_caches.py"
CACHES = ("cache", "lru_cache")
CONTAINERS = ("dict", "list", "set", "defaultdict", "deque", "Counter", "OrderedDict")
REGISTERED_FUNCTION = "process_caches.function"


def test_resetting_empties_functions_and_containers() -> None:
    calls = []
    content: dict[str, int] = process_caches.container({})

    @process_caches.function
    @cache
    def answer() -> int:
        calls.append(1)
        return 42

    content["a"] = answer()
    process_caches.reset_all()
    assert content == {}
    assert answer() == 42
    assert len(calls) == 2


@pytest.mark.parametrize("layer", LAYERS)
def test_every_cache_of_a_process_is_registered(layer: str) -> None:
    """One kind is exempt: a statement built for a dialect, since it depends on nothing else."""
    missing = []
    for path in sorted((ROOT / layer).rglob("*.py")):
        names = () if path == REGISTRY else unregistered(path)
        for name in names:
            missing.append(f"{path.relative_to(ROOT)}: {name}")
    assert missing == []


def test_an_unregistered_cache_is_noticed(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text(
        "places: dict[str, int] = {}\n"
        "names = process_caches.container({})\n"
        "class Buffer: ...\n"
        "buffer = Buffer()\n"
        "LIMITS = {'a': 1}\n"
        "@cache\n"
        "def plan(name: str): ...\n"
        "@process_caches.function\n"
        "@lru_cache(20)\n"
        "def host(name: str): ...\n"
        "@cache\n"
        "def statement(dialect: Dialect): ...\n"
        "def outage():\n"
        "    global until\n"
    )
    assert [*unregistered(source)] == ["places", "buffer", "plan", "until"]


def unregistered(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            yield from unregistered_values(node, classes)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and is_unregistered(function):
            yield function.name
        elif isinstance(function, ast.Global):
            yield from function.names


def unregistered_values(node: ast.Assign | ast.AnnAssign, classes: set[str]) -> Iterator[str]:
    """Names of values that change: an empty container, or an object of a class in the same module."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if not isinstance(target, ast.Name) or target.id.isupper() or node.value is None:
        return
    value = node.value
    is_empty = isinstance(value, ast.Dict | ast.List | ast.Set) and not list(ast.iter_child_nodes(value))
    is_made = isinstance(value, ast.Call) and ast.unparse(value.func) in {*CONTAINERS, *classes}
    if is_empty or is_made:
        yield target.id


def is_unregistered(function: ast.FunctionDef) -> bool:
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    if not any(name.partition("(")[0].rpartition(".")[2] in CACHES for name in decorators):
        return False
    annotations = {ast.unparse(argument.annotation) for argument in function.args.args if argument.annotation}
    return REGISTERED_FUNCTION not in decorators and annotations != {"Dialect"}
