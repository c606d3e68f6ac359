"""Names and redirects that lead inside. In these tests 127.0.0.1 is a public address."""

from collections.abc import Callable, Iterator

import pytest

from models import process_caches
from models.errors import BadTarget, Unreachable
from producer import outside
from producer.outside import guard
from tests.producer.outside.receiver import Receiver, answer, answering, receiving

HERE = "127.0.0.1"
Names = dict[str, list[list[str]]]

is_public = guard.is_public


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What each name resolves to: one answer after the other, and the last one again and again."""
    answers: Names = {}

    def resolve(host: str, port: int) -> list[str]:
        return answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]

    monkeypatch.setattr(guard, "resolve", resolve)
    return answers


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A server at the public address."""
    monkeypatch.delenv("ALLOW_PRIVATE_TARGETS", raising=False)
    monkeypatch.setattr(guard, "is_public", lambda address: address == HERE or is_public(address))
    with receiving(answering(answer(body=b"public"))) as server:
        monkeypatch.setenv("ALLOWED_PORTS", f"80,{server.port}")
        process_caches.reset_all()
        yield server
    process_caches.reset_all()


@pytest.fixture
def inside(receiver: Receiver) -> Iterator[Receiver]:
    """A server at a private address, on the same port, that must never be called."""
    with receiving(answering(answer(body=b"secret")), "127.0.0.2", receiver.port) as server:
        yield server
        assert server.connections == 0


def both_calls(url: str) -> Iterator[Callable[[], object]]:
    yield lambda: outside.call("POST", url, {}, b"{}")
    yield lambda: outside.fetch(url)


def test_a_public_name_is_called_and_looked_up_once(receiver: Receiver, names: Names) -> None:
    names["good.example"] = [[HERE], ["127.0.0.2"]]
    assert outside.call("GET", f"http://good.example:{receiver.port}/", {}, None).body == b"public"
    assert receiver.headers()["host"] == f"good.example:{receiver.port}"
    assert names["good.example"] == [["127.0.0.2"]]


def test_a_name_that_moves_inside_after_the_check_is_not_called(
    receiver: Receiver, inside: Receiver, names: Names
) -> None:
    url = f"http://rebinding.example:{receiver.port}/"
    for attempt in both_calls(url):
        names["rebinding.example"] = [[HERE], ["127.0.0.2"]]
        outside.check(url)
        with pytest.raises(Unreachable, match="not at a public address"):
            attempt()


@pytest.mark.parametrize("order", [[HERE, "127.0.0.2"], ["127.0.0.2", HERE], [HERE, "::1"], [HERE, "10.0.0.1"]])
def test_one_private_address_spoils_a_name(
    order: list[str], receiver: Receiver, inside: Receiver, names: Names
) -> None:
    names["dual.example"] = [order]
    url = f"http://dual.example:{receiver.port}/"
    with pytest.raises(BadTarget):
        outside.check(url)
    for attempt in both_calls(url):
        with pytest.raises(Unreachable, match="not at a public address"):
            attempt()
    assert not receiver.connections


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.2:{port}/", "not at a public address"),
        ("//127.0.0.2:{port}/", "not at a public address"),
        ("http:\\\\127.0.0.2:{port}/", "not at a public address"),
        ("http://0x7f000002:{port}/", "not at a public address"),
        ("http://inside.example:{port}/", "not at a public address"),
        ("http://turning.example:{port}/", "not at a public address"),
        ("http://[::ffff:127.0.0.2]:{port}/", "not at a public address"),
        ("http://169.254.169.254/latest/meta-data/", "not at a public address"),
        ("http://[::1]:{port}/", "not at a public address"),
        ("https://127.0.0.1:6379/", "Port 6379 cannot be called"),
        ("http://user@127.0.0.1:{port}/", "a user or password"),
        ("file:///etc/passwd", "Only http"),
        ("gopher://127.0.0.2:{port}/_x", "Only http"),
        ("http://[", "does not lead to a URL"),
        ("http://a b/", "does not lead to a URL"),
    ],
)
@pytest.mark.parametrize("hops", [1, 3])
def test_a_redirect_is_checked_like_any_other_url(
    location: str, reason: str, hops: int, receiver: Receiver, inside: Receiver, names: Names,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    names |= {"inside.example": [["127.0.0.2"]], "turning.example": [[HERE, "127.0.0.2"]]}
    ports = {"port": receiver.port}
    onward = [answer("302 Found", Location="/on") for _ in range(hops - 1)]
    with receiving(answering(*onward, answer("302 Found", Location=location.format(**ports)))) as first:
        monkeypatch.setenv("ALLOWED_PORTS", f"80,{receiver.port},{first.port}")
        process_caches.reset_all()
        with pytest.raises(Unreachable, match=reason):
            outside.fetch(first.url)
    assert first.connections == hops


def test_the_address_of_an_open_connection_is_checked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    # The kernel takes 0.0.0.0 for this host, so the connection ends at 127.0.0.1.
    monkeypatch.setattr(guard, "is_public", lambda address: address == "0.0.0.0")
    for attempt in both_calls(f"http://0.0.0.0:{receiver.port}/"):
        with pytest.raises(Unreachable, match="The other end of the connection is not at a public address"):
            attempt()
    assert receiver.requests == []


def test_loopback_cannot_be_called_by_default(inside: Receiver) -> None:
    for url in (inside.url, f"http://[::ffff:127.0.0.2]:{inside.port}/", f"http://127.2:{inside.port}/"):
        for attempt in both_calls(url):
            with pytest.raises(Unreachable, match="not at a public address"):
                attempt()
