"""`pytest --forks N`: tests are collected once, and run by N forks of this process.

Each process of xdist would collect them again. Tests that share a system run in one fork, so that few systems start.
"""

import io
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

import pytest
from _pytest._io import TerminalWriter

Items = list[pytest.Item]

FORK = get_context("fork")
STOP_SECONDS = 60.0  # to stop the systems of a fork that is interrupted
SYSTEMS = ("system", "fragile_system", "target")
LONG_MARKERS = ("server", "slow")
LONG_WEIGHT = 20
WITH_API = ("tests/web/api/", "tests/web/dashboard/", "tests/linkmill/")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--forks", type=int, default=0, help="collect tests once, and run them in this many processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    option = session.config.option
    if not option.forks or option.collectonly or session.testsfailed:
        return None
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # one folder for all
    queue = Queue(session.items)
    forks = [Fork(session, queue) for _ in range(option.forks)]
    try:
        _receive_all(session, forks)
        _check_all_began(session, forks)
    finally:
        for fork in forks:
            fork.interrupt()
        for fork in forks:
            fork.end()
    return True


class Queue:
    """Groups of tests: first those with a system, then those that take longest. Forks take one after the other."""

    def __init__(self, items: Items) -> None:
        groups: dict[Group, Items] = defaultdict(list)
        for item in items:
            groups[group_of(item)].append(item)
        names = sorted(groups, key=lambda group: (group.system, weight_of(groups[group])), reverse=True)
        self.groups = [groups[name] for name in names]
        self.taken = FORK.Value("i", 0)

    def __iter__(self) -> Iterator[pytest.Item]:
        while (number := self._take()) < len(self.groups):
            yield from self.groups[number]

    def _take(self) -> int:
        with self.taken.get_lock():
            number: int = self.taken.value
            self.taken.value = number + 1
        return number


def weight_of(items: Items) -> int:
    """About how long tests take: one that needs a server, or is slow, as long as many others."""
    long = [item for item in items if any(item.get_closest_marker(name) for name in LONG_MARKERS)]
    return len(items) + LONG_WEIGHT * len(long)


class Group(NamedTuple):
    """Tests that run in one fork, one after the other: those that share a system, or those of a file."""

    system: str
    place: str


def group_of(item: pytest.Item) -> Group:
    """Return the group of a test.

    The tests of the API, and of what calls it, have a system of their own, so that the groups are about equally long.
    """
    path = item.nodeid.partition("::")[0]
    variant = getattr(item, "callspec", None)
    for name in SYSTEMS:
        if variant and name in variant.params:
            return Group(f"{name} {variant.params[name]}", "API" if path.startswith(WITH_API) else "others")
    return Group("", path)


class Fork:
    """A process that runs tests."""

    def __init__(self, session: pytest.Session, queue: Queue) -> None:
        self.pipe, writing = Pipe(duplex=False)
        self.tests: list[str] = []
        """Those that have begun."""
        sys.stdout.flush()
        self.process = FORK.Process(target=_work, args=(session, queue, writing))
        self.process.start()
        writing.close()

    def interrupt(self) -> None:
        """Let the fork stop what its tests have started, unless it has ended."""
        pid = self.process.pid
        if pid and self.process.is_alive():
            os.kill(pid, signal.SIGINT)

    def end(self) -> int | None:
        """Wait for the end of the process, and return its status."""
        self.process.join(STOP_SECONDS)
        self.process.kill()
        self.process.join()
        return self.process.exitcode


def _work(session: pytest.Session, queue: Queue, pipe: Connection) -> None:
    status = 1
    try:
        _prepare(session.config, pipe)
        _run_tests(session, iter(queue))
        status = 0
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        session._setupstate.teardown_exact(None)
    finally:
        os._exit(status)  # what ends a session of pytest is left to its first process


def _run_tests(session: pytest.Session, tests: Iterator[pytest.Item]) -> None:
    test = next(tests, None)
    while test:
        following = next(tests, None)
        session.config.hook.pytest_runtest_protocol(item=test, nextitem=following)
        test = following


def _prepare(config: pytest.Config, pipe: Connection) -> None:
    """Let a fork write its reports to its pipe, and what its tests print to files of its own."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    terminal: Any = config.pluginmanager.getplugin("terminalreporter")
    terminal._tw = TerminalWriter(io.StringIO())
    config.pluginmanager.register(Sender(config, pipe))


class Sender:
    """Sends the name of each test that begins, and its reports."""

    def __init__(self, config: pytest.Config, pipe: Connection) -> None:
        self.config = config
        self.pipe = pipe

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.pipe.send(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed or self.config.option.durations is not None:
            self.pipe.send(self.config.hook.pytest_report_to_serializable(config=self.config, report=report))


def _receive_all(session: pytest.Session, forks: list[Fork]) -> None:
    """Pass reports on until every fork has ended, or one failure was enough."""
    by_pipe = {fork.pipe: fork for fork in forks}
    while by_pipe:
        for pipe in wait(list(by_pipe)):
            fork = by_pipe[pipe]  # type: ignore[index]
            try:
                _receive(session, fork)
            except EOFError:
                del by_pipe[fork.pipe]
                _check_end(session, fork)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)


def _receive(session: pytest.Session, fork: Fork) -> None:
    message = fork.pipe.recv()
    if isinstance(message, str):
        fork.tests.append(message)
        return
    hook = session.config.hook
    report = hook.pytest_report_from_serializable(config=session.config, data=message)
    hook.pytest_runtest_logreport(report=report)


def _check_end(session: pytest.Session, fork: Fork) -> None:
    """Report the test in which a fork ended that should have gone on."""
    status = fork.end()
    if status:
        _report_failure(session, fork.tests[-1], f"the process of this test ended with status {status}")


def _check_all_began(session: pytest.Session, forks: list[Fork]) -> None:
    """Report the tests that a fork had taken when it ended."""
    begun: set[str] = set()
    for fork in forks:
        begun.update(fork.tests)
    for item in session.items:
        if item.nodeid not in begun:
            _report_failure(session, item.nodeid, "its process had ended before")


def _report_failure(session: pytest.Session, test: str, problem: str) -> None:
    report = pytest.TestReport(test, (test, None, ""), {}, "failed", problem, "call")
    session.config.hook.pytest_runtest_logreport(report=report)
