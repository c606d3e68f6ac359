"""One request to the outside: what is sent, what is returned, and which limits hold."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from models import process_caches
from models.errors import Unreachable
from producer import outside
from producer.outside import Answer, guard
from tests.producer.outside.receiver import (
    Handler,
    Receiver,
    answer,
    answering,
    dripping,
    hung_lookups,
    pouring,
    read_request,
    receiving,
    silent,
)
from tests.system import free_port
from tests.waiting import wait_until

OK = answer()
MAX_SECONDS = 4  # seconds: a call that ignored its limits would take ten or more


@pytest.fixture(autouse=True)
def private(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALLOW_PRIVATE_TARGETS", "1")
    process_caches.reset_all()
    yield
    process_caches.reset_all()


def post(url: str, body: bytes = b"{}", seconds: float = 5, connect: float = 5, limit: int = 64 << 10) -> Answer:
    limits = {"connect_seconds": connect, "total_seconds": seconds}
    return outside.call("POST", url, {"Webhook-Id": "msg_1"}, body, max_bytes=limit, **limits)


def failure(url: str, seconds: float = 5, connect: float = 5) -> str:
    with pytest.raises(Unreachable) as failure_info:
        post(url, seconds=seconds, connect=connect)
    return str(failure_info.value)


def test_a_request_is_sent_with_our_headers_and_the_callers() -> None:
    with receiving(answering(OK)) as receiver:
        post(f"{receiver.url}hook?a=b#c", b'{"type": "job.completed"}')
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=b HTTP/1.1\r\n")
    assert body == b'{"type": "job.completed"}'
    assert receiver.headers() == {
        "host": f"127.0.0.1:{receiver.port}",
        "user-agent": "Linkmill",
        "accept": "*/*",
        "accept-encoding": "identity",
        "webhook-id": "msg_1",
        "content-length": "25",
        "connection": "close",
    }


def test_an_answer_has_its_status_its_headers_and_its_body() -> None:
    with receiving(answering(answer("410 Gone", b"no more", X_A="1", x_a="2", Retry_After="120"))) as receiver:
        response = post(receiver.url)
    assert (response.status, response.body) == (410, b"no more")
    assert response.headers == {"content-length": "7", "x-a": "1, 2", "retry-after": "120"}
    assert 0 < response.seconds < 5


def test_the_caller_cannot_set_another_host() -> None:
    with receiving(answering(OK)) as receiver:
        outside.call("GET", receiver.url, {"HOST": "other.example", "Connection": "keep-alive"}, None)
    assert receiver.requests[0].lower().count(b"host:") == 1
    assert receiver.headers()["host"] == f"127.0.0.1:{receiver.port}"


def test_an_ipv6_address_is_in_brackets() -> None:
    with receiving(answering(OK), "::1") as receiver:
        assert post(f"http://[::1]:{receiver.port}/").status == 200
    assert receiver.headers()["host"] == f"[::1]:{receiver.port}"


def test_an_interim_answer_is_skipped() -> None:
    with receiving(answering(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + OK)) as receiver:
        assert post(receiver.url).status == 200


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    with receiving(answering(b"HTTP/1.0 200 OK\r\n\r\nhello")) as receiver:
        assert post(receiver.url).body == b"hello"


def test_an_answer_counts_that_comes_before_the_request_was_read() -> None:
    def impatient(sock: socket.socket, receiver: Receiver) -> None:
        sock.recv(1)
        sock.sendall(answer("413 Too Much"))
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass

    with receiving(impatient) as receiver:
        assert post(receiver.url, b"x" * 1_000_000).status == 413


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_an_answer(status: str) -> None:
    with receiving(answering(OK)) as other, receiving(answering(answer(status, Location=other.url))) as receiver:
        response = post(receiver.url)
    assert (response.status, response.headers["location"]) == (int(status[:3]), other.url)
    assert not other.connections


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n"])
def test_a_long_body_is_cut_and_not_read_further(head: bytes) -> None:
    with receiving(pouring(head, b"x" * 65536)) as receiver:
        assert post(receiver.url, limit=1000).body == b"x" * 1000
        assert receiver.stopped.wait(5), "the connection is closed"
    assert receiver.bytes_sent < 50_000_000


def test_a_body_in_very_small_chunks_is_cut_too() -> None:
    with receiving(pouring(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000)) as receiver:
        response = post(receiver.url)
    assert response.body == b"x" * (64 << 10)


def test_a_compressed_body_is_returned_as_it_is() -> None:
    with receiving(answering(answer(body=b"\x1f\x8bwhatever", Content_Encoding="gzip"))) as receiver:
        assert post(receiver.url).body == b"\x1f\x8bwhatever"


@pytest.mark.parametrize(
    "handle",
    [
        silent,
        dripping(b"", b"H"),
        dripping(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: a\r\n"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
    ],
    ids="silence line header headers interim body length chunks extension".split(),
)
def test_a_whole_call_ends_with_its_timeout(handle: Handler) -> None:
    with receiving(handle) as receiver:
        start = time.monotonic()
        reason = failure(receiver.url, seconds=0.3)
    assert time.monotonic() - start < MAX_SECONDS
    assert "in time" in reason or "malformed" in reason


def test_a_server_that_reads_nothing_costs_only_the_timeout() -> None:
    with receiving(silent) as receiver:
        start = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            post(receiver.url, b"x" * 50_000_000, seconds=0.3)
    assert time.monotonic() - start < MAX_SECONDS


@contextmanager
def full(address: str, port: int = 0) -> Iterator[int]:
    """A port that accepts no connection: its queue is full."""
    with socket.create_server((address, port), backlog=0) as listener, ExitStack() as queue:
        for _ in range(4):
            sock = queue.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_host_that_accepts_no_connection_costs_only_the_connect_timeout() -> None:
    start = time.monotonic()
    with full("127.0.0.1") as port:
        assert failure(f"http://127.0.0.1:{port}/", connect=0.2) == "No connection in time"
    assert time.monotonic() - start < MAX_SECONDS


def test_a_host_that_accepts_no_connection_leaves_time_for_the_next_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "resolve", lambda host, port: ["127.0.0.2", "127.0.0.1"])
    with receiving(answering(OK)) as receiver, full("127.0.0.2", receiver.port):
        assert post(f"http://two.example:{receiver.port}/", connect=1).status == 200


def test_a_name_server_that_hangs_costs_only_the_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.monotonic()
    with hung_lookups(monkeypatch):
        assert "could not be looked up in time" in failure("http://slow.example/", connect=0.2)
        assert time.monotonic() - start < MAX_SECONDS


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 200_000,
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"220 mail.example ESMTP\r\n",
        b"-ERR unknown command 'POST'\r\n",
        b"\x16\x03\x01\x00\xa5" + b"\x00" * 165,
        b"\x00" * 1000,
    ],
)
def test_a_malformed_answer_is_one_error(data: bytes) -> None:
    with receiving(answering(data)) as receiver:
        reason = failure(receiver.url)
    assert reason.startswith(("The answer is malformed: ", "The connection failed: "))
    assert len(reason) <= 200


def test_an_upgrade_of_the_protocol_is_an_error() -> None:
    with receiving(answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello")) as receiver:
        assert failure(receiver.url).startswith("The answer is malformed")


def test_a_connection_that_is_reset_is_one_error() -> None:
    def reset(sock: socket.socket, receiver: Receiver) -> None:
        read_request(sock, receiver)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    with receiving(reset) as receiver:
        assert failure(receiver.url).startswith(("The connection failed: Connection reset", "The answer is malformed"))


def test_a_refused_connection_is_one_error() -> None:
    assert failure(f"http://127.0.0.1:{free_port()}/") == "The connection failed: Connection refused"


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/", "http://a:b@127.0.0.1/", "http://127.0.0.1:0/"])
def test_a_url_that_must_not_be_called_is_unreachable(url: str) -> None:
    assert failure(url)


@pytest.mark.parametrize("name", ["x y", "x:y", ""])
def test_an_invalid_header_is_one_error(name: str) -> None:
    with receiving(answering(OK)) as receiver, pytest.raises(Unreachable):
        outside.call("GET", receiver.url, {name: "value"}, None)
    with receiving(answering(OK)) as receiver, pytest.raises(Unreachable):
        outside.call("GET", receiver.url, {"X-A": "one\r\nX-B: two"}, None)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"])
def test_a_proxy_of_the_environment_is_not_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(answering(OK)) as receiver, receiving(answering(OK)) as proxy:
        monkeypatch.setenv(name, proxy.url)
        assert post(receiver.url).status == 200
    assert receiver.connections
    assert not proxy.connections


def test_the_next_address_is_tried_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(answering(OK)) as receiver:
        monkeypatch.setattr(guard, "resolve", lambda host, port: ["127.0.0.2", "::1", "127.0.0.1"])
        assert post(f"http://three.example:{receiver.port}/").status == 200
    assert receiver.headers()["host"] == f"three.example:{receiver.port}"


def test_a_connection_is_closed_after_the_answer() -> None:
    last_reads: list[bytes] = []

    def keep_open(sock: socket.socket, receiver: Receiver) -> None:
        read_request(sock, receiver)
        sock.sendall(OK)
        last_reads.append(sock.recv(1))

    with receiving(keep_open) as receiver:
        post(receiver.url)
        assert wait_until(lambda: last_reads, 5) == [b""]
