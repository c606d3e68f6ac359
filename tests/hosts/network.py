"""Hosts as network namespaces of this machine, each on a cable to one switch. A cable that is pulled tells nobody."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests import ROOT

NETWORK = "10.77.0"
CLONE_NEWNET = 0x40000000
SETTLE_SECONDS = 10.0
PREFIX = f"linkmill-{os.getpid()}"
SWITCH = f"{PREFIX}-switch"


class Host(NamedTuple):
    """A machine of its own, as far as processes on it can tell."""

    name: str
    number: int

    @property
    def address(self) -> str:
        return f"{NETWORK}.{self.number}"

    @property
    def namespace(self) -> str:
        return f"{PREFIX}-{self.name}"

    @property
    def port(self) -> str:
        """The end of its cable at the switch."""
        return f"port-{self.number}"


def find_obstacle() -> str | None:
    """Return why this machine can have no hosts of its own, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "network namespaces need iproute2: apt-get install iproute2"
    attempt = subprocess.run(["unshare", "--net", "--uts", "true"], capture_output=True, text=True)
    return f"network namespaces are not allowed here: {attempt.stderr.strip()}" if attempt.returncode else None


@contextmanager
def connected(names: Sequence[str]) -> Iterator[dict[str, Host]]:
    """Give hosts of these names, each connected to all others."""
    hosts = {name: Host(name, number) for number, name in enumerate(names, start=1)}
    with ExitStack() as namespaces:
        namespaces.enter_context(_namespace(SWITCH))
        _ip("-n", SWITCH, "link", "add", "bridge", "type", "bridge")
        _ip("-n", SWITCH, "link", "set", "bridge", "up")
        for host in hosts.values():
            namespaces.enter_context(_namespace(host.namespace))
            _connect(host)
        yield hosts


@contextmanager
def _namespace(name: str) -> Iterator[None]:
    _ip("netns", "add", name)
    try:
        yield
    finally:
        _ip("netns", "delete", name)


def _connect(host: Host) -> None:
    _ip("link", "add", host.port, "netns", SWITCH, "type", "veth", "peer", "name", "cable", "netns", host.namespace)
    _ip("-n", SWITCH, "link", "set", host.port, "master", "bridge", "up")
    _ip("-n", host.namespace, "address", "add", f"{host.address}/24", "dev", "cable")
    _ip("-n", host.namespace, "link", "set", "cable", "up")
    _ip("-n", host.namespace, "link", "set", "lo", "up")


@contextmanager
def cut_off(host: Host) -> Iterator[None]:
    """Pull a host's cable for the length of the block."""
    _ip("-n", SWITCH, "link", "set", host.port, "down")
    try:
        yield
    finally:
        _ip("-n", SWITCH, "link", "set", host.port, "up")


@contextmanager
def inside(host: Host) -> Iterator[None]:
    """Be on a host, with this thread and all that it starts."""
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{host.namespace}") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "cannot enter a network namespace")


@contextmanager
def running(host: Host, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run a program on a host, which has a name of its own, until the end of the block."""
    named = ["unshare", "--uts", "sh", "-c", f'hostname {host.name} && exec "$@"', "sh", *command]
    with log.open("w") as output:
        process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{host.namespace}", *named],
            cwd=ROOT,
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(SETTLE_SECONDS * 2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
