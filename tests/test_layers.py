"""Which way imports run: between the layers, between the packages of a layer, and out of the process."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import ROOT

LAYERS = {
    "models": {"models"},
    "producer": {"models", "producer"},
    "workers": {"models", "producer", "workers"},
    "web": {"models", "producer", "web"},
    "runner": {"models", "producer", "web", "runner"},
    "linkmill": {"linkmill"},
}
"""What each layer may import."""

RANKS = {
    "models": """
        disk errors process_caches redis_url
        settings ids link_key cursors states
        budget
        sealing
        store
        tables
        partitions
        indexes
        accounts
        webhooks
        clicks
        links
        jobs
        removal
        migrations
        migrate
        moving
    """,
    "producer": """
        telemetry fields
        intake
        rules
        job_actions job_options link_filters random_slugs
        change_options
        documents
        outside
        signals
        unit_of_work visits
        completion idempotency link_changes
        accept moving
        control operators preview synchronous
        resources
    """,
    "workers": """
        node_pause celery_internals
        task_log heartbeat
        app
        chores
        shards
        sweep
        tasks
    """,
    "web": """
        errors request_id
        sessions
        auth pages
        limits multipart idempotency pagination slow_clients server
        bodies
        api
        vendors visitors
        openapi
        dashboard
        ops
    """,
}
"""The packages and modules of each layer, line by line: each may import those of the lines above its own."""

DATABASE_CLIENTS = ("psycopg", "sqlite3")
BROKER_CLIENTS = ("redis", "valkey")
HTTP_CLIENTS = ("socket", "httpx", "httpcore", "urllib.request", "urllib3", "http.client", "requests", "aiohttp", "h11")
DNS_CLIENTS = ("dns.resolver",)
CONNECTING = {
    "models/store/": DATABASE_CLIENTS,
    "producer/signals/broker.py": BROKER_CLIENTS,
    "producer/outside/": (*HTTP_CLIENTS, *DNS_CLIENTS),
    "web/slow_clients/": ("socket",),
    "runner/": (*HTTP_CLIENTS, *BROKER_CLIENTS),
    "linkmill/": HTTP_CLIENTS,
}
"""Who may open a connection, and with what. Uploads go through fsspec, which is none of these."""

STORES = ("sqlite", "postgres")
BESIDE_THE_STORE = ("runner/preflight.py",)  # asks whether there is a server to connect to


class Import(NamedTuple):
    """One imported module or name, by its full name."""

    path: Path
    line: int
    name: str
    relative: bool

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.name}"


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders or LAYERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def statements(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


@cache
def imports(path: Path) -> list[Import]:
    found = []
    for node in statements(path):
        for alias in node.names:
            if isinstance(node, ast.Import):
                found.append(Import(path, node.lineno, alias.name, False))
            else:
                found.append(Import(path, node.lineno, f"{node.module}.{alias.name}", node.level > 0))
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_the_layers_below_it(layer: str) -> None:
    ours = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
    forbidden = ours - LAYERS[layer]
    found = [each for path in sources(layer) for each in imports(path)]
    assert found
    assert [each.place for each in found if each.name.split(".")[0] in forbidden] == []


@pytest.mark.parametrize("layer", RANKS)
def test_the_packages_of_a_layer_import_each_other_one_way(layer: str) -> None:
    ranks = ranks_of(layer)
    upward = []
    for path in sources(layer):
        importer = package_of(module_name(path), ranks)
        for each in imports(path):
            imported = package_of(each.name, ranks)
            # The __init__ of a layer puts its packages together, so it may import each of them.
            if imported and importer and imported != importer and ranks[imported] >= ranks[importer]:
                upward.append(each.place)
    assert upward == []


@pytest.mark.parametrize("layer", RANKS)
def test_every_package_of_a_layer_has_a_place_in_the_order(layer: str) -> None:
    packages = {path.name.removesuffix(".py") for path in (ROOT / layer).iterdir() if path.name[0] not in "._"}
    ranks = {name.removeprefix(f"{layer}.") for name in ranks_of(layer)}
    folders_without_code = {name for name in packages if not any((ROOT / layer / name).rglob("*.py"))}
    assert packages - {"__init__", "__pycache__"} - ranks <= folders_without_code - {f"{name}.py" for name in ranks}
    assert {name for name in ranks if "." not in name} <= packages


def ranks_of(layer: str) -> dict[str, int]:
    ranks = {}
    for rank, line in enumerate(RANKS[layer].strip().splitlines()):
        for name in line.split():
            ranks[f"{layer}.{name}"] = rank
    return ranks


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def package_of(name: str, ranks: dict[str, int]) -> str | None:
    """The longest entry of the order that a name belongs to."""
    entries = [entry for entry in ranks if f"{name}.".startswith(f"{entry}.")]
    return max(entries, key=len, default=None)


@pytest.mark.parametrize("package", ["intake", "rules", "fields"])
def test_reading_and_judging_send_no_signals(package: str) -> None:
    found = [each for path in sources(f"producer/{package}") for each in imports(path)]
    assert found
    assert [each.place for each in found if each.name.startswith("producer.signals")] == []


@pytest.mark.parametrize(("layer", "other"), [("web", "workers"), ("workers", "web")])
def test_web_and_workers_never_meet(layer: str, other: str) -> None:
    found = [each for path in sources(layer) for each in imports(path)]
    assert [each.place for each in found if each.name.split(".")[0] == other] == []


def test_few_modules_open_connections() -> None:
    found = [each.place for path in sources() for each in imports(path) if is_foreign_connection(each)]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "import socket",
        "from http.client import HTTPConnection",
        "import urllib.request",
        "from urllib import request",
        "import requests",
        "import redis",
        "import psycopg",
    ],
)
def test_a_connection_elsewhere_would_be_noticed(tmp_path: Path, line: str) -> None:
    (tmp_path / "module.py").write_text(line)
    (each,) = imports(tmp_path / "module.py")
    assert is_foreign_connection(each._replace(path=ROOT / "web" / "module.py"))
    assert not is_foreign_connection(each._replace(name="redis.exceptions.RedisError", path=ROOT / "web" / "module.py"))


def is_foreign_connection(each: Import) -> bool:
    if each.name.startswith("redis.exceptions."):
        return False
    clients = (*DATABASE_CLIENTS, *BROKER_CLIENTS, *HTTP_CLIENTS, *DNS_CLIENTS)
    used = [client for client in clients if f"{each.name}.".startswith(f"{client}.")]
    place = str(each.path.relative_to(ROOT))
    for folder, allowed in CONNECTING.items():
        if place.startswith(folder):
            used = [client for client in used if client not in allowed]
    return bool(used)


def test_nothing_is_imported_inside_a_function_or_under_a_condition() -> None:
    hidden = []
    for path in sources():
        tree = tree_of(path)
        on_top = {node.lineno for node in tree.body}
        hidden += [f"{path.relative_to(ROOT)}:{node.lineno}" for node in statements(path) if node.lineno not in on_top]
    assert hidden == []


def test_the_client_stands_alone() -> None:
    """It is installed without the server: its imports are its own modules and its few dependencies."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    available = {re.split(r"\W", name)[0] for name in dependencies} | sys.stdlib_module_names
    foreign = []
    for each in [each for path in sources("linkmill") for each in imports(path)]:
        if not each.relative and each.name.split(".")[0] not in available:
            foreign.append(each.place)
    assert foreign == []


def test_nothing_imports_the_client() -> None:
    others = [layer for layer in LAYERS if layer != "linkmill"]
    found = [each for path in sources(*others) for each in imports(path)]
    assert [each.place for each in found if each.name.split(".")[0] == "linkmill"] == []


def test_only_the_store_asks_which_database_it_is() -> None:
    found = []
    for path in sources():
        place = str(path.relative_to(ROOT))
        if place.startswith("models/store/") or place in BESIDE_THE_STORE:
            continue
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.If | ast.IfExp | ast.While):
                continue
            condition = ast.unparse(node.test).lower()
            if any(store in condition for store in STORES):
                found.append(f"{place}:{node.lineno}")
    assert found == []
