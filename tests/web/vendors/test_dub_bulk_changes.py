"""Dub's calls that change or delete many links, and the upsert: its own Python package, unchanged."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from dub import Dub
from dub.models import errors

from tests.system import System
from tests.web.commands import new_key

PATH = "/links/bulk"


@pytest.fixture(scope="module")
def key(system: System) -> dict[str, Any]:
    return new_key(system, "--workspace", "dub changes", "--plan", "enterprise")


@pytest.fixture(scope="module")
def dub(system: System, key: dict[str, Any]) -> Iterator[Any]:
    with Dub(token=key["token"], server_url=system.url) as client:
        yield client


def create(dub: Any, count: int = 1, **fields: Any) -> list[Any]:
    rows = [{"url": f"https://many.example/{number}"} | fields for number in range(count)]
    return list(dub.links.create_many(request=rows))


def request(system: System, key: dict[str, Any], method: str, path: str = PATH, **options: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key['token']}"}
    return httpx.request(method, system.url + path, headers=headers, timeout=60, **options)


def test_the_same_change_is_made_to_links_by_id(dub: Any) -> None:
    links = create(dub, 3, title="Before", tag_names=["a"])
    ids = [link.id for link in links[:2]]
    data = {"title": "After", "tag_names": ["b", "c"], "expires_at": "2031-01-01T00:00:00Z"}
    changed = dub.links.update_many(request={"link_ids": ids, "data": data})
    assert [link.id for link in changed] == ids
    for before, after in zip(links[:2], changed, strict=True):
        assert (after.title, [tag.name for tag in after.tags or ()], after.url) == ("After", ["b", "c"], before.url)
    assert dub.links.get(request={"link_id": links[2].id}).title == "Before"
    (cleared,) = dub.links.update_many(request={"link_ids": ids[:1], "data": {"title": None, "expires_at": None}})
    assert (cleared.title, cleared.expires_at) == (None, None)


def test_links_are_named_by_their_external_ids_too(dub: Any) -> None:
    for name in ("many-1", "many-2"):
        create(dub, external_id=name)
    data = {"url": "https://moved.example/", "ref": "x", "archived": True}
    changed = dub.links.update_many(request={"external_ids": ["many-1", "many-2"], "data": data})
    assert [(link.url, link.archived) for link in changed] == [("https://moved.example/?ref=x", True)] * 2


def test_a_link_that_does_not_exist_stands_behind_the_others(system: System, key: dict[str, Any], dub: Any) -> None:
    (link,) = create(dub)
    body = {"linkIds": ["1-1-none", link.id], "data": {"title": "After"}}
    changed, failed = request(system, key, "PATCH", json=body).json()
    assert (changed["id"], changed["title"]) == (link.id, "After")
    assert failed == {"error": "Link not found", "code": "not_found", "link": {"id": "1-1-none"}}


def test_a_value_that_no_link_can_have_is_the_failure_of_each_link(
    system: System, key: dict[str, Any], dub: Any
) -> None:
    (link,) = create(dub)
    (failed,) = request(system, key, "PATCH", json={"linkIds": [link.id], "data": {"url": "nope"}}).json()
    assert (failed["code"], failed["link"]) == ("unprocessable_entity", {"id": link.id})
    assert "URL" in failed["error"]


@pytest.mark.parametrize(
    "body",
    [
        {"linkIds": [], "data": {}},
        {"linkIds": "x", "data": {}},
        {"linkIds": [5], "data": {}},
        {"linkIds": ["x"]},
        {"linkIds": ["x"], "data": {"ios": "https://a.b"}},
        {"linkIds": ["x"], "data": {"ref": "me"}},
        {"linkIds": [f"x{number}" for number in range(101)], "data": {"title": "x"}},
    ],
)
def test_a_change_that_makes_no_sense_is_refused(system: System, key: dict[str, Any], body: dict[str, Any]) -> None:
    answer = request(system, key, "PATCH", json=body)
    assert (answer.status_code, set(answer.json())) == (422, {"error"})


def test_links_are_deleted_and_their_job_can_be_undone(system: System, key: dict[str, Any], dub: Any) -> None:
    links = create(dub, 2)
    create(dub, external_id="many-gone")
    ids = [links[0].id, "ext_many-gone", "1-1-none"]
    assert dub.links.delete_many(request={"link_ids": ids}).deleted_count == 2
    assert httpx.get(links[0].short_link).status_code == 404
    assert httpx.get(links[1].short_link).status_code == 302
    job = request(system, key, "GET", "/api/jobs?limit=1").json()["items"][0]
    assert (job["kind"], job["source"], job["counts"]["deleted"]) == ("delete", "dub", 2)
    undo = request(system, key, "POST", f"/api/jobs/{job['id']}/undo")
    events = request(system, key, "GET", f"/api/jobs/{undo.json()['id']}/events")  # ends with the job
    assert "event: done" in events.text
    assert httpx.get(links[0].short_link).status_code == 302
    assert request(system, key, "DELETE").json()["error"]["code"] == "bad_request"


def test_an_upsert_creates_a_link_or_changes_the_one_that_is_there(dub: Any) -> None:
    created = dub.links.upsert(request={"url": "https://upsert.example/1", "external_id": "up-1", "title": "One"})
    by_id = dub.links.upsert(request={"url": "https://upsert.example/2", "external_id": "up-1", "title": "Two"})
    assert (by_id.id, by_id.url, by_id.title) == (created.id, "https://upsert.example/2", "Two")
    by_url = dub.links.upsert(request={"url": "https://upsert.example/2", "title": "Three"})
    assert (by_url.id, by_url.title, by_url.external_id) == (created.id, "Three", "up-1")
    keyed = dub.links.upsert(request={"url": "https://upsert.example/key", "key": "upsert-key"})
    by_key = dub.links.upsert(request={"url": "https://upsert.example/new", "key": "upsert-key"})
    assert (by_key.id, by_key.url) == (keyed.id, "https://upsert.example/new")
    with pytest.raises(errors.UnprocessableEntity):
        dub.links.upsert(request={"url": "nope"})
