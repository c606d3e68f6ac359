"""Faults of what a system has a limited number of: file descriptors and connections."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import psutil
import psycopg

from tests.chaos.fault import Fault, wait_out
from tests.faults import find_process
from tests.system import System

SILENT_CONNECTIONS = 3_000


def exhaust_descriptors(name: str, system: System) -> None:
    """Let the processes of a node open no file and no socket for a while."""
    with few_descriptors(find_process(system, name)):
        wait_out()


@contextmanager
def few_descriptors(node: psutil.Process) -> Iterator[None]:
    usual = node.rlimit(resource.RLIMIT_NOFILE)
    for process in family(node):
        with suppress(psutil.NoSuchProcess):
            process.rlimit(resource.RLIMIT_NOFILE, (process.num_fds(), usual[1]))
    try:
        yield
    finally:
        for process in family(node):  # those that were started meanwhile have the limit of their parent
            with suppress(psutil.NoSuchProcess):
                process.rlimit(resource.RLIMIT_NOFILE, usual)


def family(node: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [node, *node.children(recursive=True)]
    return []


def connect_silently(system: System) -> None:
    """Connect to web very often and say nothing."""
    address = ("127.0.0.1", int(system.environment["PORT"]))
    with ExitStack() as connections:
        for _ in range(SILENT_CONNECTIONS):
            with suppress(OSError):
                connections.enter_context(socket.create_connection(address, 1))
        wait_out()


def take_all_database_connections(system: System) -> None:
    """End every connection to the database and take its place."""
    with ExitStack() as connections:
        first = connections.enter_context(psycopg.connect(system.database_url, autocommit=True))
        with suppress(psycopg.OperationalError):
            while True:
                first.execute(TERMINATE)
                connections.enter_context(psycopg.connect(system.database_url))
        wait_out()


TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'linkmill %'"

FAULTS = (
    Fault("the bulk node opens no file for 4 s", partial(exhaust_descriptors, "bulk")),
    Fault("the interactive node opens no file for 4 s", partial(exhaust_descriptors, "interactive")),
    Fault("web opens no file for 4 s", partial(exhaust_descriptors, "web")),
    Fault("3,000 silent connections to web for 4 s", connect_silently),
    Fault("the database has no connection left for 4 s", take_all_database_connections, ("postgresql",)),
)
