"""Proofs of a hostname: a TXT record of a real name server, or a file of a real web server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from models import process_caches
from models.errors import NotProven
from producer.outside import find_proof, proofs
from tests.producer.outside.name_server import asking, serving
from tests.producer.outside.receiver import answer, answering, receiving
from tests.system import free_port

RECORD = "_linkmill.go.example.com"
VALUE = "linkmill-proof=0123456789abcdef"
NO_FILE = "http://127.0.0.1:9/"

Serve = Callable[[dict[str, str]], None]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Let names be looked up at a server that has these records."""
    with ExitStack() as servers:

        def start(records: dict[str, str]) -> None:
            resolver = servers.enter_context(serving(records))
            monkeypatch.setattr(proofs, "resolver", lambda: resolver)

        yield start


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALLOW_PRIVATE_TARGETS", "1")
    process_caches.reset_all()
    yield
    process_caches.reset_all()


def fault(file_url: str = NO_FILE) -> str:
    with pytest.raises(NotProven) as refusal:
        find_proof(RECORD, file_url, VALUE)
    return str(refusal.value)


@pytest.mark.parametrize(
    "record",
    [f'"{VALUE}"', f'"{VALUE[:9]}" "{VALUE[9:]}"', f'"v=spf1 -all"; "{VALUE}"'],
    ids=["alone", "in two strings", "beside another record"],
)
def test_a_txt_record_proves_a_hostname(serve: Serve, record: str) -> None:
    serve({RECORD: record})
    find_proof(RECORD, NO_FILE, VALUE)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ({RECORD: f'"{VALUE}0"'}, "has another value"),
        ({RECORD: ""}, "does not exist"),
        ({"go.example.com": f'"{VALUE}"'}, "does not exist"),
    ],
)
def test_another_record_proves_nothing(serve: Serve, records: dict[str, str], message: str) -> None:
    serve(records)
    assert f"The TXT record {RECORD} {message}, and the file {NO_FILE} could not be fetched" in fault()


def test_a_name_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "DNS_SECONDS", 0.2)
    monkeypatch.setattr(proofs, "resolver", lambda: asking(free_port()))
    assert "could not be looked up" in fault()


def test_a_file_proves_a_hostname_that_has_no_record(serve: Serve) -> None:
    serve({})
    with receiving(answering(answer(body=f"{VALUE}\r\n".encode()))) as receiver:
        find_proof(RECORD, receiver.url, VALUE)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (answer(body=f"{VALUE}0".encode()), "has another content"),
        (answer("404 Not Found", body=VALUE.encode()), "answers 404"),
        (answer("302 Found", Location="https://example.com/"), "answers 302"),
    ],
)
def test_another_file_proves_nothing(serve: Serve, reply: bytes, message: str) -> None:
    serve({})
    with receiving(answering(reply)) as receiver:
        assert message in fault(receiver.url)


def test_no_file_is_fetched_from_a_private_address(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLOW_PRIVATE_TARGETS")
    monkeypatch.setenv("ALLOWED_PORTS", "80,443")
    process_caches.reset_all()
    serve({})
    assert "is not at a public address" in fault("http://127.0.0.1/.well-known/linkmill-proof.txt")
