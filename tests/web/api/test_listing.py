"""GET /api/links: pages that lose and repeat nothing, and what narrows them."""

import base64
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system import System
from tests.web.commands import client, new_key

Links = list[dict[str, Any]]


class Workspace:
    """A workspace of its own on a running system."""

    def __init__(self, system: System, name: str) -> None:
        self.system = system
        self.client = client(system, new_key(system, "--workspace", name, "--plan", "enterprise"))

    def make(self, links: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
        made = self.client.post("/api/jobs", json={"links": links, **options}, headers={"Prefer": "wait=60"})
        assert made.json()["counts"]["failed"] == 0, made.text
        return dict(made.json())

    def page(self, **query: Any) -> dict[str, Any]:
        answer = self.client.get("/api/links", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def all(self, limit: int = 1000, **query: Any) -> Links:
        found: Links = []
        cursor: dict[str, str] = {}
        while True:
            page = self.page(limit=limit, **query, **cursor)
            assert len(page["items"]) == limit or page["next_cursor"] is None
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def urls(self, **query: Any) -> list[str]:
        return sorted(link["url"].removeprefix("https://") for link in self.all(**query))


@pytest.fixture(scope="module")
def kinds(system: System) -> Iterator[Workspace]:
    """Links of every kind."""
    workspace = Workspace(system, "kinds of links")
    assert workspace.client.post("/api/groups", json={"name": "Campaign"}).json()["id"] == 1
    rows: list[dict[str, Any]] = [
        {"url": "https://plain.example/"},
        {"url": "https://titled.example/", "title": "Ärzte & 100%_Ünder", "slug": f"Titled-{os.urandom(4).hex()}"},
        {"url": "https://tagged.example/", "tags": ["red", "blue"]},
        {"url": "https://grouped.example/", "group": "Campaign", "tags": ["red"]},
        {"url": "https://expired.example/", "expires_at": "2020-01-01", "max_clicks": 1},
        {"url": "https://limited.example/", "max_clicks": 1},
        {"url": "https://used.example/", "max_clicks": 1},
        {"url": "https://disabled.example/", "expires_at": "2020-01-01", "tags": ["blue"]},
        {"url": "https://later.example/", "expires_at": "2099-01-01"},
    ]
    workspace.make(rows)
    (used,) = workspace.all(search="used.example")
    assert httpx.get(used["short_url"]).status_code == 302
    (disabled,) = workspace.all(search="disabled.example")
    assert workspace.client.patch(f"/api/links/{disabled['id']}", json={"disabled": True}).status_code == 200
    yield workspace
    workspace.client.close()


@pytest.fixture
def empty(system: System, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    workspace = Workspace(system, f"{request.node.name} {os.urandom(4).hex()}")
    yield workspace
    workspace.client.close()


def test_a_workspace_begins_without_links(empty: Workspace) -> None:
    assert empty.page() == {"items": [], "next_cursor": None}


def test_pages_of_links_of_one_moment_lose_and_repeat_nothing(empty: Workspace) -> None:
    empty.make([{"url": f"https://example.com/{n}"} for n in range(100)])
    whole = empty.all()
    assert len({link["created_at"] for link in whole}) <= 2  # the next millisecond may have begun
    for limit in (1, 7, 50, 99, 100):
        assert empty.all(limit=limit) == whole
    assert len({link["id"] for link in whole}) == 100


def test_links_that_are_added_in_between_disturb_no_page(empty: Workspace) -> None:
    empty.make([{"url": f"https://example.com/{n}"} for n in range(60)])
    before = [link["id"] for link in empty.all()]
    first = empty.page(limit=20)
    empty.make([{"url": f"https://example.com/new/{n}"} for n in range(60)])
    second = empty.page(limit=20, cursor=first["next_cursor"])
    empty.make([{"url": "https://example.com/newest"}])
    third = empty.page(limit=1000, cursor=second["next_cursor"])
    found = [link["id"] for page in (first, second, third) for link in page["items"]]
    assert len(set(found)) == len(found)
    assert [link_id for link_id in found if link_id in before] == before
    assert third["next_cursor"] is None


def test_links_that_are_deleted_in_between_disturb_no_page(empty: Workspace) -> None:
    empty.make([{"url": f"https://example.com/{n}"} for n in range(30)])
    before = [link["id"] for link in empty.all()]
    first = empty.page(limit=10)
    for link_id in (before[9], before[10]):
        assert empty.client.delete(f"/api/links/{link_id}").status_code == 204
    rest = empty.all(cursor=first["next_cursor"])
    assert [link["id"] for link in rest] == before[11:]


def test_the_newest_come_first(empty: Workspace) -> None:
    made = [empty.client.post("/api/links", json={"url": f"https://example.com/{n}"}).json() for n in range(3)]
    found = empty.all()
    assert [link["created_at"] for link in found] == sorted((link["created_at"] for link in made), reverse=True)


def test_links_of_several_domains_are_one_list(empty: Workspace) -> None:
    hostname = f"{os.urandom(6).hex()}.example"
    assert empty.client.post("/api/domains", json={"hostname": hostname}).status_code == 201
    both = [{"url": "https://example.com/", "slug": f"same-{os.urandom(4).hex()}"}]
    empty.make(both)
    empty.make(both, domain=hostname)
    found = empty.all(limit=1)
    assert len({link["slug"] for link in found}) == 1
    assert {link["short_url"].split("/")[2] for link in found} == {hostname, empty.system.url.split("/")[2]}
    assert [link["short_url"].split("/")[2] for link in empty.all(domain=hostname)] == [hostname]
    assert empty.all(created_before=found[0]["created_at"], domain=hostname) == []


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("plain", ["plain.example/"]), ("PLAIN.EX", ["plain.example/"]), ("titled-", ["titled.example/"]),
        ("ärzte", ["titled.example/"]), ("ÄRZTE", ["titled.example/"]), ("100%", ["titled.example/"]),
        ("%_ün", ["titled.example/"]), ("%", ["titled.example/"]), ("p_ain", []), ("\\", []), ("'", []),
        ("nothing of it", []), ("x" * 2048, []),
    ],
)  # fmt: skip
def test_a_search_finds_parts_of_url_slug_and_title(kinds: Workspace, text: str, urls: list[str]) -> None:
    assert kinds.urls(search=text) == urls


def test_no_search_finds_all(kinds: Workspace) -> None:
    assert len(kinds.urls(search="")) == len(kinds.urls()) == 9


@pytest.mark.parametrize(
    ("query", "urls"),
    [
        ({"tag": "red"}, ["grouped.example/", "tagged.example/"]), ({"tag": "green"}, []), ({"tag": ""}, []),
        ({"group": "Campaign"}, ["grouped.example/"]), ({"group": "1"}, ["grouped.example/"]), ({"group": "2"}, []),
        ({"group": "9" * 30}, []), ({"tag": "red", "group": "Campaign"}, ["grouped.example/"]),
        ({"tag": "blue", "status": "active"}, ["tagged.example/"]), ({"tag": "blue", "search": "plain"}, []),
        ({"status": "expired"}, ["expired.example/"]), ({"status": "used_up"}, ["used.example/"]),
        ({"status": "disabled"}, ["disabled.example/"]), ({"job": "1"}, []), ({"job": "nonsense"}, []),
    ],
)  # fmt: skip
def test_links_are_narrowed_by_what_they_are(kinds: Workspace, query: dict[str, str], urls: list[str]) -> None:
    assert kinds.urls(**query) == urls


def test_every_link_has_one_status_and_is_found_by_it(kinds: Workspace) -> None:
    by_status = {status: kinds.all(status=status) for status in ("active", "expired", "used_up", "disabled")}
    for status, found in by_status.items():
        assert {link["status"] for link in found} == {status}
    assert sorted(link["id"] for found in by_status.values() for link in found) == sorted(
        link["id"] for link in kinds.all()
    )


def test_the_links_of_a_job_are_those_its_items_name(empty: Workspace) -> None:
    first = empty.make([{"url": "https://a.example/", "external_id": "a"}, {"url": "https://b.example/"}])
    again = {"url": "https://other.example/", "external_id": "a"}
    second = empty.make([again, {"url": "https://c.example/"}, again])
    assert second["counts"]["existing"] == 2
    assert empty.urls(job=first["id"]) == ["a.example/", "b.example/"]
    assert empty.urls(job=second["id"], limit=1) == ["a.example/", "c.example/"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cursor", "x"), ("cursor", ""), ("cursor", "1"), ("cursor", "é"), ("cursor", "\0"), ("cursor", "x" * 10_000),
        ("cursor", base64.urlsafe_b64encode(b"99999999999999999999 1 x").decode()),
        ("cursor", base64.urlsafe_b64encode(b"1 99999999999999999999 x").decode()),
        ("cursor", base64.urlsafe_b64encode(b"1 1 \0").decode()),
        ("cursor", base64.urlsafe_b64encode(b"a b c").decode()),
        ("limit", "0"), ("limit", "1001"), ("limit", "x"), ("limit", "1.5"), ("status", "living"), ("status", ""),
        ("search", "\0"), ("search", "x" * 2049), ("tag", "\0"), ("group", "\0"),
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_told_so(kinds: Workspace, name: str, value: str) -> None:
    answer = kinds.client.get("/api/links", params={name: value})
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json"), answer.text
    assert [found["pointer"] for found in answer.json()["errors"]] == [f"/{name}"]


def test_what_a_link_has_one_of_and_many_of_is_in_the_page(kinds: Workspace) -> None:
    (grouped,) = kinds.all(search="grouped.example")
    assert (grouped["group"], grouped["tags"], grouped["clicks"]) == ("Campaign", ["red"], 0)
    assert grouped == kinds.client.get(f"/api/links/{grouped['id']}").json()
