"""Whose short link is meant: the Host header, and from whom another address is believed."""

import pytest
from flask import request
from flask.testing import FlaskClient

from models import settings, store
from models.accounts import domains
from models.accounts.keys import Owner
from producer.visits import click_buffer
from tests.waiting import wait_until
from tests.web.visitors.visiting import WORKSPACE, make
from web import create_app
from web.visitors import hosts

GO = "go.example.org"
HERE, THERE = "https://example.com/default", "https://example.com/custom"

OTHERS = (
    "localhost:8000", "unknown.example", "127.0.0.1", "[::1]:8000", "x_y", f"www.{GO}", f"{GO}..", f".{GO}",
    "a" * 300, "\0", "a b", f"{GO}:99999999", f"{GO}:x", f"{GO}/x", "%00", "ü.example", f"user@{GO}", "';--",
)  # fmt: skip


@pytest.fixture
def custom(owner: Owner) -> None:
    """A slug on the default domain, and the same one on a customer's."""
    with store.write() as db:
        domains.add(db, WORKSPACE, GO)
    make("both", url=HERE)
    make("both", GO, url=THERE)


def led(visitor: FlaskClient, host: str, path: str = "/both") -> str | None:
    answer = visitor.get(path, environ_overrides={"HTTP_HOST": host})
    return answer.headers.get("Location")


def test_a_hostname_has_links_of_its_own_however_it_is_written(visitor: FlaskClient, custom: None) -> None:
    for host in (GO, GO.upper(), f"{GO}.", f"{GO}:8443", f"{GO}.:80", f"{GO}:"):
        assert led(visitor, host) == THERE, host


def test_any_other_host_is_served_the_default_and_none_breaks_anything(visitor: FlaskClient, custom: None) -> None:
    for host in OTHERS:
        assert led(visitor, host) == HERE, host
        for path in ("/both+", "/none", "/healthz"):
            answer = visitor.get(path, environ_overrides={"HTTP_HOST": host})
            assert answer.status_code in (200, 400, 404), (host, path)


@pytest.mark.parametrize("host", [f"{GO},localhost", "localhost,localhost", ",", ""])
def test_a_request_without_exactly_one_host_is_refused(visitor: FlaskClient, custom: None, host: str) -> None:
    for path in ("/both", "/both+", "/healthz", "/api/jobs"):
        answer = visitor.get(path, environ_overrides={"HTTP_HOST": host})
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), path
        assert "X-Request-ID" in answer.headers


def test_a_client_of_http_1_0_need_not_send_a_host(visitor: FlaskClient, custom: None) -> None:
    for protocol in ("HTTP/1.0", "HTTP/1"):
        environ = {"HTTP_HOST": "", "SERVER_PROTOCOL": protocol}
        assert visitor.get("/both", environ_overrides=environ).headers["Location"] == HERE
        assert visitor.get("/healthz", environ_overrides=environ).status_code == 200


def test_a_customers_hostname_answers_nothing_but_short_links(visitor: FlaskClient, custom: None) -> None:
    for path in (
        "/",
        "/healthz",
        "/readyz",
        "/api/jobs",
        "/openapi.json",
        "/api/links",
        "/static/x",
        "/app",
        "/app/jobs",
    ):
        for method in ("GET", "POST", "DELETE"):
            answer = visitor.open(path, method=method, environ_overrides={"HTTP_HOST": GO})
            assert answer.status_code == 404, (path, method)
    assert visitor.get("/healthz").status_code == 200


def test_a_browser_at_a_customers_front_door_sees_a_page(visitor: FlaskClient, custom: None) -> None:
    answer = visitor.get("/", environ_overrides={"HTTP_HOST": GO}, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_preview_names_the_hostname_it_is_on(visitor: FlaskClient, custom: None) -> None:
    shown = visitor.get("/both+", environ_overrides={"HTTP_HOST": GO})
    assert f"http://{GO}/both" in shown.text
    assert THERE in shown.text


def test_a_hostname_that_is_added_is_known_within_a_second(visitor: FlaskClient, custom: None) -> None:
    assert led(visitor, "new.example") == HERE
    with store.write() as db:
        domains.add(db, WORKSPACE, "new.example")
    make("both", "new.example", url="https://example.com/new")
    wait_until(lambda: led(visitor, "new.example") == "https://example.com/new", 3, "the new hostname")


def test_hosts_that_anybody_makes_up_do_not_fill_the_memory(
    visitor: FlaskClient, custom: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "MOST_CACHED", 10)
    for number in range(50):
        assert led(visitor, f"h{number}.example") == HERE
    assert len(hosts.cached_domains) <= 10


@pytest.mark.parametrize(("proxies", "believed"), [("0", "192.0.2.1"), ("1", "198.51.100.3"), ("2", "198.51.100.2")])
def test_so_many_proxies_are_believed_about_the_address_and_none_about_the_host(
    owner: Owner,
    counted: click_buffer.ClickBuffer,
    custom: None,
    monkeypatch: pytest.MonkeyPatch,
    proxies: str,
    believed: str,
) -> None:
    seen: list[str] = []
    monkeypatch.setenv("TRUSTED_PROXIES", proxies)
    settings.get.cache_clear()
    app = create_app()
    app.before_request(lambda: seen.append(request.remote_addr or ""))
    headers = {"X-Forwarded-For": "198.51.100.1, 198.51.100.2, 198.51.100.3", "X-Forwarded-Host": GO}
    with app.test_client() as client:
        client.head("/both", headers=headers, environ_base={"REMOTE_ADDR": "192.0.2.1"})
        assert client.get("/both", headers=headers).headers["Location"] == HERE
    assert seen == [believed]
