"""SnipURL: its documented examples to the letter, partial failures, and titles that arrive in time or later."""

import json
import subprocess
import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

from models import settings, store
from models.accounts import keys, plans
from models.accounts.keys import Owner
from tests.shared_app import shared_app
from tests.system import System
from tests.vendor_call import working
from tests.waiting import wait_until
from tests.web.commands import client, new_key
from tests.workers.chores.pages import hanging, serving

PATH = "/api/v1/links/bulk"
FIELDS = {"id", "short_code", "short_url", "original_url", "title", "created_at"}
CURL = """
curl -sS -X POST $BASE/api/v1/links/bulk \\
-H "Authorization: Bearer $KEY" \\
-H "Content-Type: application/json" \\
-w '\\n%{http_code}' \\
-d '{
"links": [
{"url": "https://example.com/page-1", "title": "Page One"},
{"url": "https://example.com/page-2", "custom_alias": "page-2"},
{"url": "https://example.com/page-3"},
{"url": "https://example.com/page-4", "password": "secret"},
{"url": "https://example.com/page-5", "expires_at": "2025-12-31T00:00:00Z"}
]
}'
"""
FETCH = """
const links = [
{ url: 'https://example.com/page-1', title: 'Page One' },
{ url: 'https://example.com/page-2', custom_alias: 'page-2-again' },
{ url: 'https://example.com/page-3' },
];
const response = await fetch(process.env.BASE + '/api/v1/links/bulk', {
method: 'POST',
headers: {
'Authorization': 'Bearer ' + process.env.KEY,
'Content-Type': 'application/json',
},
body: JSON.stringify({ links }),
});
const { data } = await response.json();
console.log(`Created: ${data.success.length}, Failed: ${data.failed.length}`);
"""
PLANS = "[small]\ntotal_links = 3\n[hourly]\nlinks_per_hour = 3\n[daily]\nlinks_per_day = 3\n"


def bulk(system: System, *links: Any, **more: Any) -> httpx.Response:
    return system.post({"links": list(links)}, PATH, **more)


def run(command: list[str], system: System) -> str:
    environment = {"BASE": system.url, "KEY": system.key["token"], "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_curl_example_runs_unchanged(system: System) -> None:
    text, _, status = run(["bash", "-c", CURL], system).rpartition("\n")
    body = json.loads(text)
    assert (status, set(body), body["success"], set(body["data"])) == (
        "201",
        {"success", "data"},
        True,
        {"success", "failed"},
    )
    links = body["data"]["success"]
    assert ([set(link) for link in links], body["data"]["failed"]) == ([FIELDS] * 5, [])
    for number, link in enumerate(links, 1):
        assert link["original_url"] == f"https://example.com/page-{number}"
        assert link["short_url"] == f"{system.url}/{link['short_code']}"
        assert uuid.UUID(link["id"])
        assert datetime.strptime(link["created_at"], "%Y-%m-%dT%H:%M:%S.%fZ")
        assert link["created_at"][-5] == "."
    assert (links[0]["title"], links[1]["short_code"]) == ("Page One", "page-2")
    assert [httpx.get(link["short_url"]).headers.get("Location") for link in links[:3]] == [
        f"https://example.com/page-{number}" for number in (1, 2, 3)
    ]
    assert "Location" not in httpx.get(links[3]["short_url"]).headers, "the page asks for the password"
    assert httpx.get(links[4]["short_url"]).status_code == 410, "its expiry is in the past"


def test_the_javascript_example_runs_unchanged(system: System) -> None:
    assert run(["node", "--input-type=module", "-e", FETCH], system) == "Created: 3, Failed: 0\n"


def test_the_python_example_prints_the_counts(system: System) -> None:
    data = bulk(system, {"url": "https://example.com/page-1", "title": "Page One"}).json()["data"]
    assert f"Created: {len(data['success'])}, Failed: {len(data['failed'])}" == "Created: 1, Failed: 0"


def test_a_taken_alias_fails_alone(system: System) -> None:
    bulk(system, {"url": "https://a.b", "custom_alias": "mine"})
    answer = bulk(
        system,
        {"url": "https://example.com/page-1", "title": "Page One"},
        {"url": "https://a.b", "custom_alias": "mine"},
        {"url": "https://a.b", "custom_alias": "api"},
    )
    data = answer.json()["data"]
    message = "Alias already taken"
    assert (answer.status_code, data["failed"]) == (
        201,
        [{"index": 1, "error": message}, {"index": 2, "error": message}],
    )
    assert [link["title"] for link in data["success"]] == ["Page One"]


@pytest.mark.parametrize(
    "link",
    [
        {"url": "nope"}, {"url": ""}, {"url": None}, {}, {"url": 5}, {"url": "https://a.b", "custom_alias": 5}, 5, None,
        {"url": "https://a.b", "custom_alias": "a b"}, {"url": "https://a.b", "expires_at": "soon"}, "https://a.b", [],
        {"url": "https://a.b", "password": ["x"]}, {"url": "https://a.b", "title": {}}, {"url": "\ud800"},
    ],
)  # fmt: skip
def test_a_bad_link_fails_alone(system: System, link: Any) -> None:
    body = json.dumps({"links": [link, {"url": "https://exämple.com/ü", "title": "Ünïcode ✓", "colour": "red"}]})
    data = system.post(body.encode(), PATH).json()["data"]
    (failed,) = data["failed"]
    (created,) = data["success"]
    assert (set(failed), failed["index"]) == ({"index", "error"}, 0)
    assert "slug" not in failed["error"]
    assert (created["original_url"], created["title"]) == ("https://exämple.com/ü", "Ünïcode ✓")
    assert httpx.get(created["short_url"]).headers["Location"] == "https://xn--exmple-cua.com/%C3%BC"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"5", b'{"links": 5}', b'{"links": {}}', b'{"links": []}', b'{"urls": []}', b"\xff"],
)
def test_a_body_without_a_list_of_links_is_a_400(system: System, body: bytes) -> None:
    answer = system.post(body, PATH)
    assert (answer.status_code, set(answer.json()), answer.json()["success"]) == (400, {"success", "error"}, False)
    assert (set(answer.json()["error"]), answer.json()["error"]["code"]) == ({"code", "message"}, "VALIDATION_ERROR")


def test_a_call_may_have_fifty_links_and_no_more(system: System) -> None:
    links = [{"url": f"https://a.b/{number}", "title": "x"} for number in range(51)]
    assert len(bulk(system, *links[:50]).json()["data"]["success"]) == 50
    before = system.sql("SELECT count(*) FROM links")
    refused = bulk(system, *links)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert system.sql("SELECT count(*) FROM links") == before


def test_a_wrong_key_is_refused(system: System) -> None:
    for headers in ({}, {"Authorization": "Bearer nope"}, {"Authorization": system.key["token"]}):
        answer = httpx.post(system.url + PATH, json={"links": [{"url": "https://a.b"}]}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHORIZED")
    with client(system, new_key(system, "--scopes", "read")) as reader:
        answer = reader.post(PATH, json={"links": [{"url": "https://a.b"}]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
    with client(system, new_key(system, "--scopes", "write")) as writer:
        assert writer.post(PATH, json={"links": [{"url": "https://a.b", "title": "x"}]}).status_code == 201


@pytest.fixture
def small_plans(owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans of three links in total, per hour and per day."""
    (tmp_path / "plans.toml").write_text(PLANS)
    monkeypatch.setenv("PLANS", str(tmp_path / "plans.toml"))
    settings.get.cache_clear()
    plans.table.cache_clear()


@pytest.mark.usefixtures("small_plans", "steady_hour")
def test_links_beyond_any_limit_of_the_plan_are_refused_before_one_is_created() -> None:
    links = [{"url": f"https://a.b/{number}", "title": "x"} for number in range(4)]
    for plan, limit in (("small", "in total"), ("hourly", "per hour"), ("daily", "per day")):
        client = member(plan)
        answer = client.post(PATH, json={"links": links})
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "FORBIDDEN")
        assert f"3 links {limit}" in answer.get_json()["error"]["message"]
        assert client.get("/api/links").get_json()["items"] == []
        with working():
            assert client.post(PATH, json={"links": links[:3]}).status_code == 201
    assert member("small").post(PATH, json={"links": links[:1]}).status_code == 403


def member(plan: str) -> FlaskClient:
    """A client in this process with a new key of the workspace that is on a plan and named as it."""
    with store.write() as db:
        token = keys.create(db, plan, plan, "member", list(keys.Scope))["token"]
    client = shared_app().test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def test_titles_are_in_the_answer_and_a_hanging_page_does_not_delay_it(system: System) -> None:
    with serving() as (url, _):
        wait_until(lambda: has_titles_beside_a_hanging_page(system, url), what="an answer with the titles")


def has_titles_beside_a_hanging_page(system: System, url: str) -> bool:
    with hanging() as port:  # another one at each try: that a page has no title is remembered
        rows = (
            {"url": f"{url}/plain"},
            {"url": f"http://127.0.0.1:{port}/"},
            {"url": f"{url}/og"},
            {"url": f"{url}/latin", "title": "My own"},
            {"url": f"{url}/none"},
        )
        links = with_titles(system, rows, ["A plain page", None, "From og:title", "My own", None], 4)
        if links is None:
            return False
        query = f"SELECT slug FROM untitled WHERE slug = '{links[1]['short_code']}'"
        assert system.sql(query), "the answer did not wait for it"
        wait_until(lambda: not system.sql(query), what="the hanging page to be given up")
        return True


def with_titles(
    system: System, rows: Sequence[dict[str, str]], titles: Sequence[str | None], seconds: float
) -> list[dict[str, Any]] | None:
    """Create links; return them if the answer came in time and had these titles, which a busy machine may miss."""
    started = time.monotonic()
    links: list[dict[str, Any]] = bulk(system, *rows).json()["data"]["success"]
    is_in_time = time.monotonic() - started < seconds
    return links if is_in_time and [link["title"] for link in links] == titles else None


def test_a_late_title_is_stored(system: System) -> None:
    with serving() as (url, _):
        link = bulk(system, {"url": f"{url}/late"}).json()["data"]["success"][0]
        assert link["title"] is None
        query = f"SELECT title FROM links WHERE slug = '{link['short_code']}'"
        wait_until(lambda: system.sql(query) == [("A late page",)], what="the late title")


def test_fast_pages_do_not_delay_the_answer(system: System) -> None:
    wait_until(lambda: fetches_three_pages(system), what="an answer that was not delayed")


def fetches_three_pages(system: System) -> bool:
    """Whether an answer with three links came at once, and their pages had been asked for."""
    with serving() as (url, requests):
        rows = [{"url": f"{url}/plain?{number}"} for number in range(3)]
        return with_titles(system, rows, [None] * 3, 2) is not None and len(requests) == 3
