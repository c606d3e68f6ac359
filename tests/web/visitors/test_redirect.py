"""Short links as visitors meet them."""

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from tests.system import System


def made(system: System, url: str = "https://example.com/", **more: str) -> str:
    found: str = system.post({"url": url, **more}, "/api/links").raise_for_status().json()["short_url"]
    return found


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_short_link_redirects_and_is_not_kept_by_caches(system: System, method: str) -> None:
    answer = httpx.request(method, made(system, "https://example.com/x?y=1#z"))
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://example.com/x?y=1#z")
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a|b^c%7Cd%zz", "https://example.com/?q=a+b&c=%20[x]", "https://example.com//a//../b",
        "https://xn--mnchen-3ya.de/%C3%BC", "http://[::1]:8080/", "https://example.com/'a'\\b?\\c",
    ],
)  # fmt: skip
def test_the_location_is_the_links_url_to_the_letter(system: System, url: str) -> None:
    answer = system.post({"url": url}, "/api/links").json()
    assert httpx.get(answer["short_url"]).headers["Location"] == answer["url"]


@pytest.mark.parametrize("slug", ["nothere", "a.b", "a b", "%00", "%ff", "ü", "x" * 65, "x" * 5000, "a%2Fb", "MADE"])
def test_what_is_no_short_link_is_not_found(system: System, slug: str) -> None:
    answer = httpx.get(f"{system.url}/{slug}")
    assert answer.status_code == 404
    assert httpx.head(f"{system.url}/{slug}").status_code == 404


def test_letters_matter(system: System) -> None:
    short = made(system, slug="CaseMatters")
    assert httpx.get(short).status_code == 302
    assert httpx.get(short.lower().replace(short.rpartition("/")[0].lower(), system.url)).status_code == 404


def test_an_expired_link_may_be_imported_and_is_gone(system: System) -> None:
    answer = httpx.get(made(system, expires_at="2001-01-01"))
    assert (answer.status_code, answer.json()["code"]) == (410, "GONE")
    assert httpx.head(made(system, expires_at="2001-01-01T00:00:00+14:00")).status_code == 410


def test_a_link_that_expires_later_still_leads_on(system: System) -> None:
    assert httpx.get(made(system, expires_at="9999-12-31T23:59:59Z")).status_code == 302


@pytest.mark.parametrize("host", ["unknown.example", "127.0.0.1", "LOCALHOST", "x_y"])
def test_an_unknown_host_is_served_the_default_domain(system: System, host: str) -> None:
    assert httpx.get(made(system), headers={"Host": host}).status_code == 302


def test_other_methods_are_refused(system: System) -> None:
    answer = httpx.delete(made(system))
    assert answer.status_code == 405
    assert {"GET", "HEAD"} <= {name.strip() for name in answer.headers["Allow"].split(",")}


@pytest.mark.parametrize(
    ("hosts", "status"),
    [(b"", 400), (b"Host: a\r\nHost: b\r\n", 400), (b"Host: a\r\nhost: a\r\n", 400), (b"Host: a\r\n", 404)],
)
def test_a_request_has_exactly_one_host_header(system: System, hosts: bytes, status: int) -> None:
    port = urlsplit(system.url).port
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /no-such-link HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
        answer = connection.makefile("rb").readline()
    assert answer.split()[1] == str(status).encode()
