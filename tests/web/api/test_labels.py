"""/api/groups and /api/tags: names with numbers of a workspace's own."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system import System
from tests.web.commands import client, new_key

KINDS = ("groups", "tags")


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def mine(system: System, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client in a new workspace."""
    with client(system, new_key(system, "--workspace", f"labels {request.node.name}")) as found:
        yield found


def make(client: httpx.Client, kind: str, **body: Any) -> dict[str, Any]:
    made = client.post(f"/api/{kind}", json=body)
    assert made.status_code == 201, made.text
    assert client.get(made.headers["Location"]).json() == made.json()
    return dict(made.json())


def names(client: httpx.Client, kind: str, **query: Any) -> list[str]:
    return [one["name"] for one in client.get(f"/api/{kind}", params=query).json()["items"]]


def links(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/links", params=query).raise_for_status().json()["items"]
    return found


def test_numbers_are_given_or_chosen(mine: httpx.Client, kind: str) -> None:
    assert make(mine, kind, name=" first ") == {"id": 1, "name": "first"}
    assert make(mine, kind, name="chosen", id=1_000_000_000) == {"id": 1_000_000_000, "name": "chosen"}
    assert make(mine, kind, name="next")["id"] == 1_000_000_001
    assert make(mine, kind, name="small", id=7)["id"] == 7
    assert names(mine, kind) == ["first", "small", "chosen", "next"]


def test_pages_go_by_the_number(mine: httpx.Client, kind: str) -> None:
    made = [make(mine, kind, name=f"n{n}")["id"] for n in range(5)]
    found: list[int] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = mine.get(f"/api/{kind}", params={"limit": 2, "cursor": cursor}).json()
        found, cursor = found + [one["id"] for one in page["items"]], page["next_cursor"]
    assert found == made
    assert mine.get(f"/api/{kind}", params={"cursor": "9" * 18}).json() == {"items": [], "next_cursor": None}


def test_a_name_or_number_that_is_there_is_a_conflict(mine: httpx.Client, kind: str) -> None:
    one, two = make(mine, kind, name="one"), make(mine, kind, name="two")
    path = f"/api/{kind}"
    for answer, pointer in (
        (mine.post(path, json={"name": "one"}), "/name"),
        (mine.post(path, json={"name": " one "}), "/name"),
        (mine.post(path, json={"name": "new", "id": one["id"]}), "/id"),
        (mine.post(path, json={"name": "one", "id": 99}), "/name"),
        (mine.patch(f"{path}/{two['id']}", json={"name": "one"}), "/name"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT"), answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert names(mine, kind) == ["one", "two"]


def test_a_new_name_is_seen_on_its_links(mine: httpx.Client, kind: str) -> None:
    number = make(mine, kind, name="old")["id"]
    item = {"group": "old"} if kind == "groups" else {"tags": ["old"]}
    assert mine.post("/api/links", json={"url": "https://a.b/", **item}).status_code == 201
    assert mine.patch(f"/api/{kind}/{number}", json={"name": "new"}).json() == {"id": number, "name": "new"}
    assert mine.patch(f"/api/{kind}/{number}", json={}).json() == {"id": number, "name": "new"}
    (link,) = links(mine)
    assert (link["group"], link["tags"]) == (("new", []) if kind == "groups" else (None, ["new"]))


def test_its_links_outlive_it(mine: httpx.Client, kind: str) -> None:
    number = make(mine, kind, name="short-lived")["id"]
    inside: dict[str, Any] = {"group": "short-lived"} if kind == "groups" else {"tags": ["short-lived", "other"]}
    for more in (inside, {}):
        assert mine.post("/api/links", json={"url": "https://a.b/", **more}).status_code == 201
    assert mine.delete(f"/api/{kind}/{number}").status_code == 204
    assert mine.get(f"/api/{kind}/{number}").status_code == mine.delete(f"/api/{kind}/{number}").status_code == 404
    assert len(links(mine)) == 2
    assert make(mine, kind, name="heir", id=number)["id"] == number
    assert links(mine, **{kind.removesuffix("s"): "heir"}) == []
    assert {link["group"] for link in links(mine)} == {None}


def test_a_tag_is_made_when_it_is_first_used(mine: httpx.Client) -> None:
    assert mine.post("/api/links", json={"url": "https://a.b/", "tags": ["fresh"]}).status_code == 201
    (tag,) = mine.get("/api/tags").json()["items"]
    assert mine.get(f"/api/tags/{tag['id']}").json() == tag
    assert [link["tags"] for link in links(mine, tag="fresh")] == [["fresh"]]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"), ({"name": None}, "/name"), ({"name": 5}, "/name"), ({"name": ["x"]}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "  "}, "/name"), ({"name": "x" * 256}, "/name"), ({"name": "\0"}, "/name"),
        ({"name": "\ud800"}, "/name"),
        ({"name": "x", "id": 0}, "/id"), ({"name": "x", "id": -1}, "/id"), ({"name": "x", "id": 10**9 + 1}, "/id"),
        ({"name": "x", "id": 10**30}, "/id"), ({"name": "x", "id": "a"}, "/id"), ({"name": "x", "id": 1.5}, "/id"),
        ({"name": "x", "id": True}, "/id"), ({"name": "x", "id": None}, "/id"), ({"name": "x", "colour": 1}, "/colour"),
        ([], "/_schema"), ("x", "/_schema"), (None, "/_schema"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_so(system: System, kind: str, body: Any, pointer: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = system.client.post(f"/api/{kind}", content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json"), answer.text
    assert pointer in [found["pointer"] for found in answer.json()["errors"]]


@pytest.mark.parametrize(
    "body", [{"name": None}, {"name": 5}, {"name": ""}, {"name": "\0"}, {"id": 5}, {"colour": 1}, []]
)
def test_a_change_that_makes_no_sense_is_told_so(system: System, kind: str, body: Any) -> None:
    name = f"kept {kind} {abs(hash(str(body)))}"
    made = system.post({"name": name}, f"/api/{kind}").json()
    answer = system.client.patch(f"/api/{kind}/{made['id']}", json=body)
    assert (answer.status_code, bool(answer.json()["errors"][0]["pointer"])) == (422, True)
    assert system.client.get(f"/api/{kind}/{made['id']}").json() == made


@pytest.mark.parametrize("number", ["x", "0", "-1", "1.5", "2147483648", "9" * 18, "9" * 30, "%00", "١"])
def test_what_is_no_number_is_nothing(system: System, kind: str, number: str) -> None:
    path = f"/api/{kind}/{number}"
    for answer in (system.client.get(path), system.client.patch(path, json={}), system.client.delete(path)):
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
