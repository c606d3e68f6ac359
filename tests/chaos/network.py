"""Faults of the network between a system and its broker or database: connections of which one end has vanished.

Connections go through a proxy, which makes the kernel drop all packets of a socket. So nobody acknowledges anything,
and no end is told: as when a cable is cut, or a firewall has forgotten a connection.
"""

import ctypes
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from selectors import EVENT_READ, DefaultSelector

from tests.chaos.fault import Fault, wait_out
from tests.system import System

SO_ATTACH_FILTER = 26
SO_DETACH_FILTER = 27
RETURN = 0x06
CHUNK = 1 << 18

Address = tuple[str, int] | str


class Instruction(ctypes.Structure):
    """One of the kernel's packet filter."""

    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


DROP_ALL = (Instruction * 1)(Instruction(RETURN, 0, 0, 0))
DROP_FILTER = struct.pack("HP", len(DROP_ALL), ctypes.addressof(DROP_ALL))


class Proxy:
    """Passes bytes on, until it is told to drop them or to hold them back."""

    def __init__(self, target: Address) -> None:
        self.target = target
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.flows = threading.Event()
        self.flows.set()
        self.port = 0
        self.listen()

    def listen(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), connect(self.target) as server:
            pair = (client, server)
            self.pairs.append(pair)
            pass_on(client, server, self.flows)
            self.pairs.remove(pair)

    def refuse(self) -> None:
        """End every connection and accept no other, until `listen` is called."""
        self.close()
        for client, _ in list(self.pairs):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):  # it is closed already
            self.listener.shutdown(socket.SHUT_RDWR)  # or a thread would still accept the next connection
        self.listener.close()

    def hold(self) -> None:
        """Take bytes and pass none on, also those of new connections: as a server whose processes are stopped."""
        self.flows.clear()

    def release(self) -> None:
        self.flows.set()

    def vanish(self) -> None:
        """Let every connection that there is be half-open from now on."""
        for client, _ in list(self.pairs):
            with suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, DROP_FILTER)

    def come_back(self) -> None:
        for client, _ in list(self.pairs):
            with suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


def connect(target: Address) -> socket.socket:
    if not isinstance(target, str):
        return socket.create_connection(target)
    server = socket.socket(socket.AF_UNIX)
    server.connect(target)
    return server


def pass_on(client: socket.socket, server: socket.socket, flows: threading.Event) -> None:
    other = {client: server, server: client}
    with DefaultSelector() as selector:
        for one in other:
            selector.register(one, EVENT_READ, other[one])
        while True:
            for key, _ in selector.select():
                content = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]
                if not content:
                    return
                flows.wait()
                key.data.sendall(content)


@contextmanager
def proxy(target: Address) -> Iterator[Proxy]:
    one = Proxy(target)
    try:
        yield one
    finally:
        one.release()
        one.close()


def network_faults(name: str, one: Proxy) -> tuple[Fault, ...]:
    def vanish(_: System) -> None:
        one.vanish()

    def pause(_: System) -> None:
        one.vanish()
        wait_out()
        one.come_back()

    return (
        Fault(f"every connection to {name} is half-open", vanish),
        Fault(f"the network to {name} is silent for 4 s", pause),
    )
