"""Pages that are fetched: decompressed, over redirects, within the limits."""

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from models import process_caches
from models.errors import Unreachable
from producer import outside
from tests.producer.outside.receiver import answer, answering, dripping, pouring, receiving

MAX_SECONDS = 4  # seconds: a call that ignored its limits would take ten or more
PAGE = b"<title>Hello</title>" + bytes(range(256)) * 100


@pytest.fixture(autouse=True)
def private(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALLOW_PRIVATE_TARGETS", "1")
    process_caches.reset_all()
    yield
    process_caches.reset_all()


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def redirect(to: str, status: str = "302 Found", body: bytes = b"") -> bytes:
    return answer(status, body, Location=to)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("identity", PAGE),
        ("", PAGE),
        ("gzip", gzip.compress(PAGE, mtime=0)),
        ("GZip", gzip.compress(PAGE, mtime=0)),
        ("x-gzip", gzip.compress(PAGE, mtime=0)),
        ("deflate", zlib.compress(PAGE)),
        ("deflate", zlib.compress(PAGE, 1)),
        ("deflate", raw_deflate(PAGE)),
        ("gzip", b""),
        ("gzip", gzip.compress(PAGE, mtime=0) + b"and more"),
    ],
)
def test_a_page_is_decompressed(encoding: str, body: bytes) -> None:
    with receiving(answering(answer(body=body, Content_Encoding=encoding))) as receiver:
        page = outside.fetch(receiver.url)
    assert (page.status, page.body) == (200, PAGE if body else b"")
    assert receiver.headers()["accept-encoding"] == "gzip, deflate"


def test_a_compressed_page_may_arrive_in_many_chunks() -> None:
    compressed = gzip.compress(PAGE)
    chunks = b"".join(b"1\r\n%b\r\n" % compressed[place : place + 1] for place in range(len(compressed)))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    with receiving(answering(head + chunks + b"0\r\n\r\n")) as receiver:
        assert outside.fetch(receiver.url).body == PAGE


def test_the_page_ends_with_the_compressed_data() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(PAGE)
    with receiving(dripping(head, b"x")) as receiver:
        assert outside.fetch(receiver.url).body == PAGE


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "x" * 1000])
def test_an_encoding_that_was_not_requested_is_refused(encoding: str) -> None:
    with (
        receiving(answering(answer(body=b"x", Content_Encoding=encoding))) as receiver,
        pytest.raises(Unreachable, match="encoding is unknown") as refusal,
    ):
        outside.fetch(receiver.url)
    assert len(str(refusal.value)) < 120


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", b"not gzip"), ("gzip", zlib.compress(PAGE)), ("deflate", b"\xff" * 99), ("gzip", b"\x1f\x8b\x08\xff")],
)
def test_damaged_compressed_data_is_one_error(encoding: str, body: bytes) -> None:
    with (
        receiving(answering(answer(body=body + b"\xff" * 20, Content_Encoding=encoding))) as receiver,
        pytest.raises(Unreachable, match="The answer is malformed"),
    ):
        outside.fetch(receiver.url)


@pytest.mark.parametrize(("encoding", "window"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_a_compressed_bomb_costs_little_memory_and_time(encoding: str, window: int) -> None:
    compressor = zlib.compressobj(9, wbits=window)
    first = compressor.compress(bytes(10 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    again = compressor.compress(bytes(10 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)  # any number of these may follow
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
    with receiving(pouring(head + first, again)) as receiver:
        tracemalloc.start()
        page = outside.fetch(receiver.url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert receiver.stopped.wait(5), "the connection is closed"
    assert page.body == bytes(256 << 10)
    assert peak < 4 << 20
    assert page.seconds < MAX_SECONDS


def test_a_compressed_stream_without_content_ends_too() -> None:
    compressor = zlib.compressobj(wbits=31)
    empty = compressor.flush(zlib.Z_SYNC_FLUSH)[-5:]
    with receiving(
        pouring(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], empty * 1000)
    ) as receiver:
        page = outside.fetch(receiver.url)
    assert (page.body, receiver.stopped.wait(5)) == (b"", True)


def test_a_large_page_is_cut() -> None:
    with receiving(pouring(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)) as receiver:
        assert outside.fetch(receiver.url, max_bytes=100_000).body == b"x" * 100_000


@pytest.mark.parametrize("status", ["301 A", "302 B", "303 C", "307 D", "308 E"])
def test_redirects_are_followed_three_times(status: str) -> None:
    hops = [redirect("/a/b?c", status), redirect("../d", status), redirect("?e#f", status), answer(body=b"there")]
    with receiving(answering(*hops)) as receiver:
        page = outside.fetch(receiver.url)
    assert (page.status, page.body) == (200, b"there")
    paths = [request.split(b" ", 2)[1] for request in receiver.requests]
    assert paths == [b"/", b"/a/b?c", b"/d", b"/d?e"]


def test_the_fourth_redirect_is_one_too_many() -> None:
    with (
        receiving(answering(redirect("/again"))) as receiver,
        pytest.raises(Unreachable, match="More than 3 redirects"),
    ):
        outside.fetch(receiver.url)
    assert receiver.connections == 4


def test_a_redirect_may_lead_to_another_host() -> None:
    with receiving(answering(answer(body=b"other"))) as other, receiving(answering(redirect(other.url))) as receiver:
        assert outside.fetch(receiver.url).body == b"other"
    assert other.headers()["host"] == f"127.0.0.1:{other.port}"


def test_a_location_in_raw_utf8_is_followed() -> None:
    to = b"HTTP/1.1 302 Found\r\nLocation: /b\xc3\xbccher\r\nContent-Length: 0\r\n\r\n"
    with receiving(answering(to, answer())) as receiver:
        outside.fetch(receiver.url)
    assert receiver.requests[1].startswith(b"GET /b%C3%BCcher HTTP/1.1\r\n")


@pytest.mark.parametrize("status", ["300 Choices", "304 Same", "302 Found", "404 Gone", "500 Oops"])
def test_a_status_without_a_redirect_is_an_answer(status: str) -> None:
    with receiving(answering(answer(status))) as receiver:
        assert outside.fetch(receiver.url).status == int(status[:3])


def test_the_body_of_a_redirect_is_not_read() -> None:
    with (
        receiving(answering(answer(body=b"there"))) as other,
        receiving(dripping(f"HTTP/1.1 302 Found\r\nLocation: {other.url}\r\n\r\n".encode(), b"x")) as receiver,
    ):
        assert outside.fetch(receiver.url).body == b"there"


def test_cookies_are_not_stored() -> None:
    first = answer("302 Found", Location="/b", Set_Cookie="a=b; Path=/")
    with receiving(answering(first, answer(Set_Cookie="c=d"))) as receiver:
        outside.fetch(receiver.url)
        outside.fetch(receiver.url)
    assert len(receiver.requests) == 3
    assert not any(b"cookie" in request.lower() for request in receiver.requests)


def test_no_credentials_of_a_netrc_file_are_sent(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:
        file.write("default login a password b\n")
    monkeypatch.setenv("NETRC", netrc)
    with receiving(answering(answer())) as receiver:
        outside.fetch(receiver.url)
    assert "authorization" not in receiver.headers()


def test_all_redirects_together_share_one_timeout() -> None:
    with (
        receiving(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x")) as last,
        receiving(answering(redirect("/on"), redirect("/on"), redirect(last.url))) as receiver,
    ):
        start = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            outside.fetch(receiver.url, total_seconds=0.4)
    assert time.monotonic() - start < MAX_SECONDS
