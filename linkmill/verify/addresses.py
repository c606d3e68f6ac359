"""Which addresses may be called: those of the public internet, unless the user allows others."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpcore

NAT64 = IPv6Network("64:ff9b::/96")
LOW_32_BITS = 0xFFFFFFFF
MOST_ADDRESSES_TRIED = 3


class PrivateAddress(httpcore.ConnectError):
    """A host that is not at a public address."""


class PublicBackend(httpcore.SyncBackend):
    """Opens connections to public addresses only: to the very addresses that were checked."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in public_addresses(host, port)[:MOST_ADDRESSES_TRIED]:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def public_addresses(host: str, port: int) -> list[str]:
    """Return every address of a host. One that is not public spoils the whole name."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpcore.ConnectError("the name is not known") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
    if not all(map(is_public, addresses)):
        raise PrivateAddress("not at a public address (--allow-private lifts this)")
    return addresses


def is_public(address: str) -> bool:
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        wrapped = _wrapped(parsed)
        if wrapped is not None:
            parsed = wrapped
    return parsed.is_global and not parsed.is_multicast


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to; Python calls some of these global whatever is inside."""
    if address in NAT64:
        return IPv4Address(int(address) & LOW_32_BITS)
    if address.teredo:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
