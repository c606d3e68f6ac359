"""The guard: which addresses, names and URLs may be called."""

import ast
import socket
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from threading import BoundedSemaphore

import pytest
from hypothesis import given
from hypothesis.strategies import ip_addresses

from models import process_caches
from models.errors import BadTarget
from producer import outside
from producer.outside import guard
from tests import ROOT
from tests.producer.outside.receiver import hung_lookups

MAX_SECONDS = 4  # seconds: a call that ignored its limits would take ten or more
NAMES = {
    "public.example": ["93.184.215.14"],
    "public.example.": ["93.184.215.14"],
    "xn--bcher-kva.example": ["93.184.215.14", "93.184.215.15"],
    "six.example": ["2606:2800:220:1:248:1893:25c8:1946"],
    "two.example": ["93.184.215.14", "2606:2800:220:1:248:1893:25c8:1946"],
    "nat64.example": ["64:ff9b::808:808"],
    "loopback.example": ["127.0.0.1"],
    "loopback.example.": ["127.0.0.1"],
    "xn--lpback-wxaa.example": ["127.0.0.1"],
    "ten.example": ["10.1.2.3"],
    "metadata.example": ["169.254.169.254"],
    "dual.example": ["93.184.215.14", "127.0.0.1"],
    "dual-six.example": ["93.184.215.14", "::1"],
    "last-of-many.example": [*(f"93.184.215.{last}" for last in range(50)), "192.168.0.1"],
    "loopback-six.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "compatible.example": ["::127.0.0.1"],
    "scoped.example": ["2606:4700:4700::1111%eth0"],
    "sixtofour.example": ["2002:7f00:1::"],
    "nat64-inside.example": ["64:ff9b::7f00:1"],
    "nonsense.example": ["here and there"],
    "empty.example": [],
}
REASONS = {
    "private": "is not at a public address",
    "nowhere": "does not resolve",
    "scheme": "Only http",
    "user": "a user or password",
    "port": "cannot be called, only 80, 443",
    "broken": "not a URL",
}


def table(name: str) -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / name).read_text().splitlines()
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return [(verdict, text.encode().decode("unicode_escape")) for verdict, _, text in pairs]


ADDRESSES = table("addresses.txt")
SPELLINGS = table("spellings.txt")


def resolve(host: str, port: int) -> list[str]:
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return NAMES[host]


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of production, with names of our own."""
    monkeypatch.delenv("ALLOW_PRIVATE_TARGETS", raising=False)
    monkeypatch.delenv("ALLOWED_PORTS", raising=False)
    monkeypatch.setattr(guard, "resolve", resolve)
    process_caches.reset_all()
    yield
    process_caches.reset_all()


def set_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    process_caches.reset_all()


def refusal(url: str) -> str:
    try:
        outside.check(url)
    except BadTarget as error:
        return str(error)
    return ""


def test_the_tables_are_long_and_without_repetition() -> None:
    assert len(ADDRESSES) + len(SPELLINGS) >= 300
    for rows in (ADDRESSES, SPELLINGS):
        assert len(set(rows)) == len(rows) == len({text for _, text in rows})


@pytest.mark.parametrize(("verdict", "address"), ADDRESSES)
def test_an_address(verdict: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NAMES, "name.example", ["93.184.215.14", address])
    literal = f"http://[{address}]/" if ":" in address else f"http://{address}/"
    assert guard.is_public(address) is (verdict == "public")
    for url in (literal, "https://name.example/"):
        assert (refusal(url) == "") is (verdict == "public"), url


@pytest.mark.parametrize(("verdict", "url"), SPELLINGS)
def test_a_spelling(verdict: str, url: str) -> None:
    if verdict == "fine":
        assert refusal(url) == ""
    else:
        assert REASONS[verdict] in refusal(url)


@given(ip_addresses())
def test_an_address_that_we_call_public_is_global_for_python(address: IPv4Address | IPv6Address) -> None:
    inside = getattr(address, "ipv4_mapped", None) or address
    assert not guard.is_public(str(address)) or inside.is_global


@pytest.mark.parametrize("network", [*guard.IPV4_REFUSED, *guard.IPV6_REFUSED], ids=str)
def test_a_refused_network_is_refused_from_end_to_end(network: IPv4Network | IPv6Network) -> None:
    for address in (network[0], network[network.num_addresses // 2], network[-1]):
        assert not guard.is_public(str(address))


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "8.8.8.8 ", "8.8.8.8%eth0", "2606:4700::1%1", "٨.8.8.8"])
def test_a_malformed_address_is_not_public(text: str) -> None:
    assert not guard.is_public(text)


def test_the_reason_does_not_show_a_private_address() -> None:
    assert refusal("http://ten.example/") == "ten.example is not at a public address"


def test_a_url_is_read_as_browsers_read_it() -> None:
    target = guard.parse_target("HTTPS://B\u00fccher.example\\a b/../c?d=\u00e9#e")
    assert (target.scheme, target.host, target.port) == ("https", "xn--bcher-kva.example", 443)
    assert (target.authority, target.path) == ("xn--bcher-kva.example", "/c?d=%C3%A9")
    target = guard.parse_target("http://[2606:4700:4700:0::1111]:443")
    assert (target.host, target.authority, target.path) == ("2606:4700:4700::1111", "[2606:4700:4700::1111]:443", "/")


def test_other_ports_may_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variable(monkeypatch, "ALLOWED_PORTS", "8443")
    assert refusal("https://public.example:8443/") == ""
    assert "only 8443" in refusal("https://public.example/")


def test_the_switch_lifts_addresses_and_ports_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variable(monkeypatch, "ALLOW_PRIVATE_TARGETS", "1")
    for url in ("http://127.0.0.1:6379/", "http://[::1]:1/", "http://ten.example/", "http://dual.example/"):
        assert refusal(url) == ""
    for verdict, url in SPELLINGS:
        if verdict in ("scheme", "user", "broken", "nowhere"):
            assert REASONS[verdict] in refusal(url)


def test_a_name_server_that_hangs_costs_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "CHECK_SECONDS", 0.1)
    start = time.monotonic()
    with hung_lookups(monkeypatch):
        assert "in time" in refusal("http://public.example/")
        assert time.monotonic() - start < MAX_SECONDS


def test_lookups_that_hang_are_bounded_and_release_their_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(guard, "lookup_slots", BoundedSemaphore(2))
    with hung_lookups(monkeypatch) as released:
        reasons = [refusal("http://public.example/") for _ in range(3)]
        assert ["in time" in reason for reason in reasons] == [True, True, False]
        assert "Too many names" in reasons[2]
        released.set()
        monkeypatch.setattr(guard, "CHECK_SECONDS", 5)
        assert refusal("http://public.example/") == ""


def test_names_are_resolved_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    addresses = guard.resolve("localhost", 80)
    assert addresses
    assert all(ip_address(address).is_loopback for address in addresses)
    assert len(set(addresses)) == len(addresses)


def test_no_other_module_opens_connections() -> None:
    clients = ("httpx", "httpcore", "requests", "urllib.request", "urllib3", "http.client", "aiohttp", "h11")
    guarded = ROOT / "producer" / "outside"
    for folder in ("models", "producer", "workers", "web"):
        for path in (ROOT / folder).rglob("*.py"):
            if not path.is_relative_to(guarded):
                assert not [name for name in imported(path) if name.startswith(clients)], path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
