"""Signing in and out, and what a session may do."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

from models import store
from models.accounts import keys
from models.accounts.keys import Owner
from producer.signals import throttling
from tests.shared_app import shared_app
from tests.system import System
from tests.web.dashboard.browsing import Visit, look_closely
from web import sessions

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
ONE_STORE = pytest.mark.parametrize("system", ["postgresql"], indirect=True)

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def entering(owner: Owner) -> Iterator[SignIn]:
    """Signs somebody in who has these scopes."""
    opened: list[FlaskClient] = []

    def sign_in(scopes: tuple[str, ...] = tuple(keys.Scope)) -> FlaskClient:
        with store.write() as db:
            made = keys.add(db, owner.workspace_id, "page", scopes)
        client = shared_app().test_client()
        opened.append(client)
        answer = posted(client, "/app/sign-in", token=made["token"])
        assert (answer.status_code, answer.headers["Location"]) == (303, "/app")
        client.environ_base["linkmill.key"] = made["id"]
        return client

    yield sign_in
    for client in opened:
        client.__exit__(None, None, None)


def form_token(client: FlaskClient, path: str) -> str:
    found = TOKEN.search(client.get(path).text)
    assert found
    return found[1]


def posted(client: FlaskClient, path: str, page: str = "", **fields: str) -> Any:
    return client.post(path, data={"csrf_token": form_token(client, page or path), **fields})


def cookie(answer: Any) -> str:
    found: str = next(value for name, value in answer.headers if name == "Set-Cookie")
    return found


@ONE_STORE
def test_one_signs_in_to_where_one_wanted_and_out_again(stranger: Visit) -> None:
    page = stranger.page
    stranger.go("/app/jobs?status=failed")
    assert "/app/sign-in" in page.url
    assert page.locator("input[type=password]").count() == 1
    stranger.allowed = ("401",)
    page.get_by_label("Token").fill("lm_nobody")
    page.get_by_role("button", name="Sign in").click()
    assert "This token is unknown or revoked" in page.get_by_role("alert").inner_text()
    page.get_by_label("Token").fill(stranger.system.key["token"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/jobs?status=failed")
    assert stranger.system.key["token"] not in page.content()
    assert stranger.system.key["token"] not in str(page.context.cookies())
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_role("status").inner_text() == "You have signed out."
    stranger.go("/app/jobs")
    assert "/app/sign-in" in page.url


@ONE_STORE
def test_the_sign_in_hinders_nobody(stranger: Visit) -> None:
    look_closely(stranger, "/app/sign-in")


@ONE_STORE
def test_who_tries_many_keys_has_to_wait(system: System) -> None:
    transport = httpx.HTTPTransport(local_address="127.0.0.9")  # so that nobody else has to
    with httpx.Client(base_url=system.url, transport=transport) as client:
        found = TOKEN.search(client.get("/app/sign-in").text)
        assert found
        form = {"csrf_token": found[1], "token": "lm_guess"}
        answers = [client.post("/app/sign-in", data=form) for _ in range(throttling.MAX_FAILURES + 1)]
        right = client.post("/app/sign-in", data=form | {"token": system.key["token"]})
    assert [answer.status_code for answer in answers] == [401] * throttling.MAX_FAILURES + [429]
    assert right.status_code == 429
    assert 0 < int(right.headers["Retry-After"]) <= throttling.PAUSE_SECONDS


def test_the_front_door_leads_to_the_dashboard(visitor: FlaskClient) -> None:
    assert visitor.get("/").headers["Location"] == "/app"
    assert visitor.get("/app/nothing").headers["Location"] == "/app/sign-in?to=/app/nothing"


@pytest.mark.parametrize(
    ("asked", "led"),
    [("/app/jobs/1?a=b", "/app/jobs/1?a=b"), ("//evil.example", "/app"), ("https://evil.example", "/app"),
     ("/apple", "/app"), ("/app/\\evil", "/app"), ("/app/x\r\nSet-Cookie: a=b", "/app"), ("/api/jobs", "/app"),
     ("/app/../api/jobs", "/app"), ("/app/./jobs", "/app"), ("/app/x/%2e%2E/%2e./evil", "/app"), ("/app/..", "/app"),
     ("/app/%2e?a", "/app"), ("/app/a..b?to=../x", "/app/a..b?to=../x")],
)  # fmt: skip
def test_nobody_is_led_elsewhere_by_signing_in(entering: SignIn, asked: str, led: str) -> None:
    assert entering().get("/app/sign-in", query_string={"to": asked}).headers["Location"] == led


def test_the_cookie_is_for_this_site_alone_and_secure_on_https(owner: Owner) -> None:
    for scheme in ("http", "https"):
        set_ = cookie(shared_app().test_client().get("/app/sign-in", base_url=f"{scheme}://localhost"))
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(set_.split("; "))
        assert ("Secure" in set_.split("; ")) == (scheme == "https")


def test_another_session_begins_with_signing_in(owner: Owner, entering: SignIn) -> None:
    client = shared_app().test_client()
    before = form_token(client, "/app/sign-in")
    after = form_token(entering(), "/app/jobs")
    assert before != after


def test_a_revoked_key_ends_its_session_at_once(entering: SignIn) -> None:
    client = entering()
    assert client.get("/app/jobs").status_code == 200
    with store.write() as db:
        keys.revoke(db, int(client.environ_base["linkmill.key"]))
    assert client.get("/app/jobs").status_code == 303
    assert client.get("/api/jobs").status_code == 401


def test_a_session_ends_when_nobody_used_it_for_long(entering: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    client = entering()
    now, idle = time.time(), sessions.IDLE_LIFETIME.total_seconds()
    for passed, status in ((idle - 60, 200), (idle + 60, 303)):
        monkeypatch.setattr(time, "time", lambda seconds=now + passed: seconds)
        monkeypatch.setattr(sessions, "RENEWAL_SECONDS", 2 * idle)
        assert client.get("/app/jobs").status_code == status


def test_whoever_is_at_work_stays_signed_in(entering: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    client = entering()
    assert "Set-Cookie" not in client.get("/app/jobs").headers
    monkeypatch.setattr(sessions, "RENEWAL_SECONDS", -1)
    assert "Set-Cookie" in client.get("/app/jobs").headers


@pytest.mark.parametrize("sent", [None, "", "wrong", "ü"])
def test_a_form_without_the_sessions_token_changes_nothing(entering: SignIn, sent: str | None) -> None:
    client = entering()
    answer = client.post("/app/sign-out", data={} if sent is None else {"csrf_token": sent})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "Load the page and try again." in answer.text
    assert client.get("/app/jobs").status_code == 200
    assert client.post("/api/jobs", json={"url": "https://a.b", "count": 1}).status_code == 403


def test_the_api_takes_the_session_with_its_token(entering: SignIn) -> None:
    client = entering()
    headers = {sessions.TOKEN_HEADER: form_token(client, "/app/jobs")}
    assert client.get("/api/jobs").status_code == 200
    assert client.post("/api/groups", json={"name": "red"}, headers=headers).status_code == 201
    assert client.get("/api/jobs", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.post("/api/bulk", json={"urls": ["https://a.b"]}, headers=headers).status_code == 401


def test_a_key_that_may_only_read_changes_nothing(entering: SignIn) -> None:
    client = entering(("read",))
    token = form_token(client, "/app/jobs")
    assert "/app/upload" not in re.sub("<header.*</header>", "", client.get("/app/jobs").text, flags=re.DOTALL)
    answer = client.post("/app/upload", data={"csrf_token": token})
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert client.post("/api/groups", json={"name": "x"}, headers={sessions.TOKEN_HEADER: token}).status_code == 403


def test_a_key_that_may_only_write_sees_nothing_and_may_go(entering: SignIn) -> None:
    client = entering(("write",))
    shown = client.get("/app/jobs")
    assert shown.status_code == 403
    assert "Sign out" in shown.text


def test_every_page_says_what_a_browser_may_do_with_it(entering: SignIn) -> None:
    client = entering()
    for path in ("/app", "/app/jobs", "/app/sign-in", "/app/nothing"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    assert client.get("/app/nothing").status_code == 404


def test_files_are_kept_under_the_address_of_their_content(entering: SignIn) -> None:
    client = entering()
    address = re.search(r'href="(/app/static/[^"]+\.css)"', client.get("/app/jobs").text)
    assert address
    found = client.get(address[1])
    assert "immutable" in found.headers["Cache-Control"]
    older = client.get(re.sub("static/[^/]+", "static/older", address[1]))
    assert (older.status_code, older.headers["Cache-Control"]) == (200, "no-cache")
    assert client.get("/app/static/x/../app.py").status_code in (303, 404)
