"""Connections for httpcore, over sockets that the guard has opened."""

import socket
import ssl
from functools import cache
from typing import Any

import certifi
import httpcore

from models import process_caches
from models.errors import Unreachable
from producer.outside import guard
from producer.outside.guard import CallTarget, remaining_seconds


def open_stream(target: CallTarget, connect_deadline: float, deadline: float) -> "Stream":
    """Connect to a target, with TLS for https."""
    try:
        sock = guard.connect(target, connect_deadline)
        if target.scheme == "https":
            sock = _secure(sock, target.host, connect_deadline)
        return Stream(sock, deadline)
    except TimeoutError:
        raise Unreachable("No connection in time") from None


def _secure(sock: socket.socket, host: str, deadline: float) -> socket.socket:
    try:
        sock.settimeout(remaining_seconds(deadline))
        return _tls_context().wrap_socket(sock, server_hostname=host.rstrip("."))
    except BaseException:
        sock.close()
        raise


@process_caches.function
@cache
def _tls_context() -> ssl.SSLContext:
    """Trust what the host trusts, and certifi's list beside it for hosts without one."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


class Stream(httpcore.NetworkStream):
    """A socket whose reads and writes all end with the deadline of the whole call."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._sock.settimeout(remaining_seconds(self._deadline))
        return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._sock.settimeout(remaining_seconds(self._deadline))
        try:
            self._sock.sendall(buffer)
        except ConnectionError as error:
            raise httpcore.WriteError(error) from None  # httpcore then still reads an early answer

    def close(self) -> None:
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        return None
