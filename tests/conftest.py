"""What pytest loads first: the shared fixtures, and how tests are spread over processes."""

import gc
import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.internal.conjecture import engine
from xdist.scheduler import LoadScopeScheduling

from tests.examples import examples
from tests.fixtures import compiled_statements, shared_tls

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.fake_redis", "tests.fixtures.systems", "tests.forks"]

compiled_statements.install()
shared_tls.install()

settings.register_profile(
    "linkmill",
    max_examples=examples(100),
    # One failure, reported soon: to look for others, or for what they have in common, takes minutes.
    report_multiple_bugs=False,
    phases=[phase for phase in Phase if phase != Phase.explain],
)
settings.load_profile("linkmill")
engine.MAX_SHRINKING_SECONDS = 20

MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 1 << 30  # bytes

STORES = ("sqlite", "postgresql")
WITH_API = ("tests/web/api/", "tests/web/dashboard/", "tests/linkmill/")
ANY_PROCESS = (
    "tests/models/",
    "tests/producer/",
    "tests/test_reference.py",
    "tests/test_order.py",
    "tests/test_proof.py",
)


SERVER_FIXTURES = {
    "browser",
    "fragile_system",
    "postgresql",
    "rabbitmq",
    "served_port",
    "start_runner",
    "start_system",
    "system",
}


def pytest_configure(config: pytest.Config) -> None:
    """Keep the files of tests without a server in memory: half of these tests would wait for the disk otherwise."""
    if "not server" in config.option.markexpr and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Switch the garbage collector off while all tests are imported: none of it is garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server, so that `make quick` can leave it out: this follows from the fixtures of a test."""
    for item in items:
        if needs_server(item):
            item.add_marker("server")


def needs_server(item: pytest.Item) -> bool:
    if not SERVER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
        return True
    variant = getattr(item, "callspec", None)
    return variant is not None and "postgresql" in variant.params.values()


class ByStore(LoadScopeScheduling):  # type: ignore[misc]
    """Runs tests that share a system in one process, so that few systems are started.

    Each store has a process for the tests of the API and of what calls it, and one for the others. What shares no
    system goes to whichever process is free.
    """

    def _split_scope(self, nodeid: str) -> str:
        path, _, parameters = nodeid.partition("[")
        if not path.startswith(ANY_PROCESS):
            for store in STORES:
                if store in parameters:
                    return f"API {store}" if path.startswith(WITH_API) else store
        return path.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStore:
    return ByStore(config, log)
