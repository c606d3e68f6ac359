"""What pytest loads first: the shared fixtures, and which tests need a server."""

import gc
import os
import shutil
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis.internal.conjecture import engine

from tests.examples import examples
from tests.fixtures import compiled_statements, shared_tls

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.fake_redis",
    "tests.fixtures.steady_hour",
    "tests.fixtures.systems",
    "tests.forks",
]

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
ENOUGH_MEMORY = 4 << 30  # bytes

SERVER_FIXTURES = {
    "browser",
    "fragile_system",
    "other_url",
    "postgresql",
    "rabbitmq",
    "served_port",
    "start_runner",
    "start_system",
    "system",
}


def pytest_configure() -> None:
    """Keep the files of tests in memory, since they would wait for the disk half of the time, and obey Ctrl-C."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    # Tests that a shell runs in the background ignore Ctrl-C, and so would the programs that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
