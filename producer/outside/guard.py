"""The guard of outside calls: it checks where a URL leads, and opens the connections to what it has checked."""

import socket
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread

import can_ada

from models import settings
from models.errors import BadTarget, field_error

CHECK_SECONDS = 3.0
MAX_LOOKUPS = 64  # threads of a process; a name server that hangs keeps one for half a minute
LOOKUP_THREAD = "lookup"
MAX_ADDRESSES_TRIED = 4
DEFAULT_PORTS = {"http": 80, "https": 443}

lookup_slots = BoundedSemaphore(MAX_LOOKUPS)


@dataclass(frozen=True, slots=True)
class CallTarget:
    href: str
    scheme: str
    host: str
    """A name or an address, without brackets."""
    port: int
    authority: str
    """The value of the Host header."""
    path: str


def check(url: str, field: str = "url") -> None:
    """Raise BadTarget, with a reason for people, unless the system may call this URL."""
    try:
        addresses(parse_target(url), time.monotonic() + CHECK_SECONDS)
    except BadTarget as error:
        fault = field_error(str(error), field, code=error.code)
        raise BadTarget(str(error), [fault]) from None


def parse_target(url: str) -> CallTarget:
    """Read a URL as browsers do. The name is not looked up yet."""
    try:
        parsed = can_ada.parse(url)
    except (ValueError, TypeError):
        raise BadTarget("This is not a URL with a scheme and a host") from None
    scheme = parsed.protocol.removesuffix(":")
    if scheme not in DEFAULT_PORTS:
        raise BadTarget("Only http:// and https:// can be called")
    if parsed.has_credentials():
        raise BadTarget("The URL must not contain a user or password")
    port = int(parsed.port or DEFAULT_PORTS[scheme])
    _check_port(port)
    path = parsed.pathname + parsed.search
    return CallTarget(parsed.href, scheme, parsed.hostname.strip("[]"), port, parsed.host, path)


def _check_port(port: int) -> None:
    allowed = settings.get().allowed_ports
    if port not in allowed and not settings.get().allow_private_targets:
        raise BadTarget(f"Port {port} cannot be called, only {', '.join(map(str, allowed))}")


def connect(target: CallTarget, deadline: float) -> socket.socket:
    """Connect to one of the very addresses that were checked."""
    candidates = addresses(target, deadline)[:MAX_ADDRESSES_TRIED]
    failure = OSError("no address")
    for index, address in enumerate(candidates):
        try:
            share = remaining_seconds(deadline) / (len(candidates) - index)
            return _connect_to(address, target.port, share)
        except OSError as error:
            failure = error
    raise failure


def remaining_seconds(deadline: float) -> float:
    """Return the seconds until a deadline; raise when it is over."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the time is up")
    return seconds


def _connect_to(address: str, port: int, seconds: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect((address, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Where the kernel really connected: some spellings of an address are read in two ways.
        _check_public([str(sock.getpeername()[0])], "The other end of the connection")
    except BaseException:
        sock.close()
        raise
    return sock


def addresses(target: CallTarget, deadline: float) -> list[str]:
    """Return every address of a target. One address that must not be called spoils the whole name."""
    candidates = [target.host]
    if not _is_address(target.host):
        candidates = _look_up(target.host, target.port, deadline)
    if not candidates:
        raise BadTarget(f"{target.host} does not resolve")
    _check_public(candidates, target.host)
    return candidates


def _check_public(candidates: list[str], name: str) -> None:
    if settings.get().allow_private_targets:
        return
    if not all(map(is_public, candidates)):
        # The message does not show the address, which may come from a private name server.
        raise BadTarget(f"{name} is not at a public address")


IPV4_REFUSED = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and Alibaba's metadata in it
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's metadata
        "169.254.0.0/16",  # link-local, and most clouds' metadata in it
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and Oracle's metadata in it
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112, answered by the nearest server
        "192.52.193.0/24",  # AMT relays
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
]
IPV6_UNICAST = IPv6Network("2000::/3")  # the rest is loopback, local, multicast, wrapped IPv4 or unassigned
IPV6_REFUSED = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which leads to the IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
]
WRAPPED_IPV4 = [
    IPv6Network("::ffff:0:0/96"),
    IPv6Network("64:ff9b::/96"),
]  # mapped; NAT64, which IPv6-only hosts need
ISATAP = 0x5EFE  # in the middle of an address whose end is an IPv4 address


def is_public(address: str) -> bool:
    """Whether this is an address of the public internet. Python's `is_global` is not enough: it allows wrapped ones."""
    if not _is_address(address) or "%" in address:
        return False
    parsed = ip_address(address)
    return _is_public_ipv4(parsed) if isinstance(parsed, IPv4Address) else _is_public_ipv6(parsed)


def _is_public_ipv4(address: IPv4Address) -> bool:
    return not any(address in network for network in IPV4_REFUSED)


def _is_public_ipv6(address: IPv6Address) -> bool:
    if any(address in network for network in WRAPPED_IPV4):
        return _is_public_ipv4(IPv4Address(int(address) & 0xFFFFFFFF))
    if address not in IPV6_UNICAST or int(address) >> 32 & 0xFDFFFFFF == ISATAP:
        return False
    return not any(address in network for network in IPV6_REFUSED)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(host: str, port: int, deadline: float) -> list[str]:
    """Resolve a name in a thread, since getaddrinfo has no timeout; a thread that hangs keeps its slot."""
    answers: SimpleQueue[list[str]] = SimpleQueue()
    if not lookup_slots.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise BadTarget("Too many names are being looked up")
    try:
        Thread(target=_put_answer, args=(host, port, answers), name=LOOKUP_THREAD, daemon=True).start()
    except RuntimeError:
        lookup_slots.release()
        raise BadTarget("Too many names are being looked up") from None
    try:
        return answers.get(timeout=remaining_seconds(deadline))
    except (Empty, TimeoutError):
        raise BadTarget(f"{host} could not be looked up in time") from None


def _put_answer(host: str, port: int, answers: SimpleQueue[list[str]]) -> None:
    try:
        answers.put(resolve(host, port))
    except (OSError, UnicodeError):
        answers.put([])
    finally:
        lookup_slots.release()


def resolve(host: str, port: int) -> list[str]:
    """Return every address that the system finds for a name."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))
