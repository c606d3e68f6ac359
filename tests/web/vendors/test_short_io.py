"""Short.io: the example of its tutorial to the letter. Its path is also Dub's; the form of the key tells them apart."""

import json
import time
from typing import Any

import httpx
import pytest

from tests.system import System
from tests.web.commands import new_key

PATH = "/links/bulk"
FIELDS = {
    "id", "idString", "originalURL", "path", "lcpath", "shortURL", "secureShortURL", "DomainId", "OwnerId", "title",
    "tags", "expiresAt", "hasPassword", "createdAt", "updatedAt", "archived", "cloaking", "redirectType", "source",
    "clicksLimit", "duplicate", "success",
}  # fmt: skip


def hostname(system: System) -> str:
    return system.url.partition("://")[2]


def bulk(system: System, *links: Any, key: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
    body = {"domain": hostname(system), "links": list(links)} | more
    return send(system, json.dumps(body).encode(), (key or system.key)["token"])


def send(system: System, body: bytes, token: str) -> httpx.Response:
    return httpx.post(system.url + PATH, content=body, headers={"Authorization": token}, timeout=60)


def test_the_example_of_the_tutorial_creates_two_links(system: System) -> None:
    answer = bulk(
        system,
        {"originalURL": "https://example.com/first", "path": "first-path", "ttl": "2030-01-01T00:00:00.000Z"},
        {"originalURL": "https://example.com/second", "path": "second-path", "ttl": 1893456000000},
        allowDuplicates=False,
    )
    first, second = answer.json()
    assert (answer.status_code, set(first), set(second)) == (200, FIELDS, FIELDS)
    assert (first["path"], first["originalURL"]) == ("first-path", "https://example.com/first")
    assert (first["shortURL"], first["secureShortURL"]) == (f"{system.url}/first-path",) * 2
    assert first["expiresAt"] == second["expiresAt"] == "2030-01-01T00:00:00.000Z"
    assert (first["success"], first["duplicate"], first["DomainId"]) == (True, False, int(system.key["domain_id"]))
    assert httpx.get(second["shortURL"]).headers["Location"] == "https://example.com/second"


def test_every_supported_field_is_stored(system: System) -> None:
    link = bulk(
        system,
        {
            "originalURL": "https://example.com/ü", "title": "Ünïcode", "tags": ["a", "b"], "password": "secret",
            "expiresAt": 1893456000000, "utmSource": "mail", "clicksLimit": 3, "cloaking": False, "iphoneURL": "",
            "redirectType": 302, "createdAt": 1600000000000,
        },
    ).json()[0]  # fmt: skip
    assert (link["title"], link["tags"], link["hasPassword"]) == ("Ünïcode", ["a", "b"], True)
    assert link["originalURL"] == "https://example.com/%C3%BC?utm_source=mail"
    assert link["createdAt"] == "2020-09-13T12:26:40.000Z"
    assert (link["lcpath"], len(link["path"])) == (link["path"].lower(), 7)
    query = f"SELECT max_clicks, password_hash IS NULL FROM links WHERE slug = '{link['path']}'"
    assert [(clicks, bool(bare)) for clicks, bare in system.sql(query)] == [(3, False)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cloaking", True), ("redirectType", 301), ("splitURL", "https://c.d"),
        ("androidURL", "https://c.d"), ("iphoneURL", "https://c.d"), ("expiredURL", "https://c.d"),
    ],
)  # fmt: skip
def test_a_field_that_linkmill_cannot_follow_fails_only_its_link(system: System, field: str, value: Any) -> None:
    harmless = {"folderId": "f1", "skipQS": True, "splitPercent": 50, "integrationGA": "ga-1", "passwordContact": True}
    link = {"originalURL": "https://a.b"}
    refused, created = bulk(system, link | {field: value}, link | harmless, folderId="f1").json()
    assert (refused["success"], refused["status"]) == (False, 400)
    assert refused["error"].startswith(f"{field} is not supported.")
    assert created["success"] is True


def test_links_of_a_call_have_one_choice_about_duplicates(system: System) -> None:
    link = {"originalURL": "https://a.b/duplicates"}
    chosen = link | {"allowDuplicates": True}
    first, second, other = bulk(system, chosen, chosen, link).json()
    assert first["path"] != second["path"]
    assert (other["success"], other["status"]) == (False, 400)
    assert "allowDuplicates" in other["error"]
    again = bulk(system, link | {"allowDuplicates": False}, link).json()
    assert [item["duplicate"] for item in again] == [True, True]
    assert [item["duplicate"] for item in bulk(system, link, chosen, allowDuplicates=True).json()] == [False, False]


def test_a_path_may_have_slashes_and_letters_of_any_script(system: System) -> None:
    link = bulk(system, {"originalURL": "https://a.b/wide", "path": "übersicht/2026"}).json()[0]
    assert (link["path"], link["shortURL"]) == ("übersicht/2026", f"{system.url}/%C3%BCbersicht/2026")
    assert httpx.get(link["shortURL"]).headers["Location"] == "https://a.b/wide"


def test_failed_links_have_their_places_in_the_answer(system: System) -> None:
    bulk(system, {"originalURL": "https://a.b", "path": "short-taken"})
    answer = bulk(
        system,
        {"originalURL": "https://c.d", "path": "short-taken"},
        {"originalURL": "nope"},
        {"originalURL": "https://a.b"},
    ).json()
    assert answer[0] == {"error": "Link already exists", "status": 409, "success": False}
    assert (set(answer[1]), answer[1]["status"]) == ({"error", "status", "success"}, 400)
    assert answer[2]["success"] is True


@pytest.mark.parametrize(
    "link",
    [
        5, None, "https://a.b", [], {}, {"originalURL": None}, {"originalURL": 5},
        {"originalURL": "https://a.b", "path": 5},
        {"originalURL": "https://a.b", "tags": "a"}, {"originalURL": "https://a.b", "tags": [5]},
        {"originalURL": "https://a.b", "ttl": 3600}, {"originalURL": "https://a.b", "ttl": 10**30},
        {"originalURL": "https://a.b", "expiresAt": True}, {"originalURL": "https://a.b", "expiresAt": {}},
        {"originalURL": "https://a.b", "expiresAt": "soon"}, {"originalURL": "https://a.b", "expiresAt": -1.5},
    ],
)  # fmt: skip
def test_a_bad_link_fails_alone(system: System, link: Any) -> None:
    answer = bulk(system, link, {"originalURL": "https://a.b", "path": "", "title": None, "expiresAt": None})
    bad, good = answer.json()
    assert (answer.status_code, set(bad), bad["status"]) == (200, {"error", "status", "success"}, 400)
    assert good["success"] is True


def test_a_call_may_have_a_thousand_links_and_no_more(system: System) -> None:
    links = [{"originalURL": f"https://a.b/{number}"} for number in range(1001)]
    answer = bulk(system, *links[:1000]).json()
    assert [link["originalURL"] for link in answer] == [link["originalURL"] for link in links[:1000]]
    before = system.sql("SELECT count(*) FROM links")
    refused = bulk(system, *links)
    assert (refused.status_code, refused.json()["success"]) == (400, False)
    assert system.sql("SELECT count(*) FROM links") == before


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"5", b"\xff", b'{"links": 5}', b'{"links": []}', b'{"domain": 5, "links": [{}]}',
        b'{"domain": "foreign.example", "links": [{"originalURL": "https://a.b"}]}',
        b'{"domain": "\\u0000", "links": [{"originalURL": "https://a.b"}]}',
    ],
)  # fmt: skip
def test_a_malformed_body_is_a_400(system: System, body: bytes) -> None:
    answer = send(system, body, system.key["token"])
    assert (answer.status_code, set(answer.json())) == (400, {"error", "message", "statusCode", "success"})


def test_without_a_domain_links_are_on_the_default_one(system: System) -> None:
    body = b'{"links": [{"originalURL": "https://a.b"}]}'
    assert send(system, body, system.key["token"]).json()[0]["shortURL"].startswith(system.url)


def test_a_bare_key_means_short_io_and_a_bearer_token_means_dub(system: System) -> None:
    for headers in ({}, {"Authorization": "nope"}):
        answer = httpx.post(system.url + PATH, json={"links": []}, headers=headers)
        assert (answer.status_code, answer.json()["success"]) == (401, False)
    body = b'[{"url": "https://a.b"}]'
    assert send(system, body, f"Bearer {system.key['token']}").json()[0]["url"] == "https://a.b/"
    assert "code" in send(system, body, "Bearer nope").json()["error"]
    assert bulk(system, {"originalURL": "https://a.b"}, key=new_key(system, "--scopes", "read")).status_code == 403
    assert bulk(system, {"originalURL": "https://a.b"}, key=new_key(system, "--scopes", "write")).status_code == 200


def test_a_link_with_an_expiry_in_the_past_is_gone(system: System) -> None:
    link = bulk(system, {"originalURL": "https://a.b", "expiresAt": int(time.time() * 1000) - 5000}).json()[0]
    assert httpx.get(link["shortURL"]).status_code == 410
