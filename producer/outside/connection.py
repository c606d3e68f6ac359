"""Connections as httpcore wants them, over sockets that the guard made."""

import socket
import ssl
from functools import cache
from typing import Any

import certifi
import httpcore

from models import process_caches
from models.errors import Unreachable
from producer.outside import guard
from producer.outside.guard import Target, left


def open_stream(target: Target, connect_until: float, until: float) -> "Stream":
    try:
        sock = guard.connect(target, connect_until)
        return Stream(sock if target.scheme == "http" else _secured(sock, target.host, connect_until), until)
    except TimeoutError:
        raise Unreachable("no connection in time") from None


def _secured(sock: socket.socket, host: str, until: float) -> socket.socket:
    try:
        sock.settimeout(left(until))
        return _trust().wrap_socket(sock, server_hostname=host.rstrip("."))
    except BaseException:
        sock.close()
        raise


@process_caches.function
@cache
def _trust() -> ssl.SSLContext:
    """Whom the host trusts, and certifi's list where the host has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


class Stream(httpcore.NetworkStream):
    """A socket on which nothing lasts longer than until the end of the whole call."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._sock.settimeout(left(self._until))
        return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._sock.settimeout(left(self._until))
        try:
            self._sock.sendall(buffer)
        except ConnectionError as error:
            raise httpcore.WriteError(error) from None  # after which httpcore still looks for an answer

    def close(self) -> None:
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        return None
