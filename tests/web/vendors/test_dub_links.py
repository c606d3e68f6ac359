"""Dub's calls for single links: its own Python package, unchanged, against a running system."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from dub import Dub
from dub.models import errors

from tests.system import System
from tests.web.commands import new_key

LINK = "https://a.b/"


@pytest.fixture(scope="module")
def key(system: System) -> dict[str, Any]:
    """The key of a workspace that has no other links."""
    return new_key(system, "--workspace", "dub links", "--plan", "enterprise")


@pytest.fixture(scope="module")
def dub(system: System, key: dict[str, Any]) -> Iterator[Any]:
    with Dub(token=key["token"], server_url=system.url) as client:
        yield client


def create(dub: Any, **fields: Any) -> Any:
    return dub.links.create(request={"url": LINK} | fields)


def keys(links: Any) -> list[str]:
    return [link.key for link in links.result]


def test_a_link_is_created_with_its_fields(dub: Any) -> None:
    link = create(
        dub, key="one", external_id="o-1", tag_names=["a", "b"], title="Title", password="secret", comments="note"
    )
    assert (link.key, link.external_id, link.title, link.password) == ("one", "o-1", "Title", "secret")
    assert ([tag.name for tag in link.tags], link.comments, link.clicks) == (["a", "b"], "note", 0)
    again = create(dub, key="other", external_id="o-1")
    assert (again.id, again.tags, again.password) == (link.id, link.tags, None)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"url": "nope"}, errors.UnprocessableEntity),
        ({"key": "api"}, errors.Conflict),
        ({"domain": "foreign.example"}, errors.UnprocessableEntity),
        ({"tag_ids": ["4711"]}, errors.UnprocessableEntity),
        ({"ios": LINK}, errors.UnprocessableEntity),
    ],
)
def test_a_link_that_cannot_be_created_raises_the_errors_of_the_package(
    dub: Any, fields: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        create(dub, **fields)


def test_a_key_that_is_taken_is_a_conflict(dub: Any) -> None:
    create(dub, key="taken-single")
    with pytest.raises(errors.Conflict):
        create(dub, key="taken-single")


def test_a_link_is_found_by_id_external_id_and_address(system: System, dub: Any) -> None:
    link = create(dub, key="found/here", external_id="o-found", title="Found")
    for request in (
        {"link_id": link.id},
        {"link_id": "ext_o-found"},
        {"external_id": "o-found"},
        {"external_id": "ext_o-found"},
        {"domain": link.domain, "key": "found/here"},
    ):
        assert dub.links.get(request=request) == link
    assert httpx.get(f"{system.url}/found/here").headers["Location"] == LINK
    for request in (
        {"link_id": "x"},
        {"external_id": "none"},
        {"domain": "a.b", "key": "found/here"},
        {"domain": link.domain, "key": "\0"},
    ):
        with pytest.raises(errors.NotFound):
            dub.links.get(request=request)
    with pytest.raises(errors.UnprocessableEntity):
        dub.links.get(request={})


def test_links_are_listed_and_counted_by_tag_search_and_domain(dub: Any) -> None:
    for number in range(5):
        create(dub, key=f"list-{number}", tag_names=["listed", f"number-{number}"], external_id=f"list-{number}")
    listed = dub.links.list(request={"tag_names": ["listed"]})
    assert keys(listed) == [f"list-{number}" for number in range(4, -1, -1)]
    assert dub.links.count(request={"tag_names": ["listed"]}) == 5
    tag_ids = [tag.id for tag in listed.result[0].tags if tag.name == "number-4"]
    assert keys(dub.links.list(request={"tag_ids": tag_ids})) == ["list-4"]
    assert sorted(keys(dub.links.list(request={"tag_names": ["number-0", "number-1"]}))) == ["list-0", "list-1"]
    assert keys(dub.links.list(request={"search": "LIST-3"})) == ["list-3"]
    domain = listed.result[0].domain
    assert dub.links.count(request={"search": "list-", "domain": domain}) == 5
    assert dub.links.count(request={"search": "list-", "domain": "foreign.example"}) == 0


def test_pages_meet_without_a_gap(dub: Any) -> None:
    expected = keys(dub.links.list(request={}))
    pages = []
    page = dub.links.list(request={"page_size": 2, "page": 1})
    while page and page.result:
        pages += keys(page)
        page = page.next()
    assert pages == expected
    whole = dub.links.list(request={}).result
    behind = dub.links.list(request={"starting_after": whole[1].id, "page_size": 2})
    assert keys(behind) == expected[2:4]


@pytest.mark.parametrize(
    "query",
    [
        "folderId=f",
        "userId=u",
        "tenantId=t",
        "endingBefore=x",
        "sortBy=clicks",
        "page=0",
        "pageSize=101",
        "page=x",
        "tagNames=" + "a," * 101,
    ],
)
def test_a_filter_that_linkmill_has_not_is_refused(system: System, key: dict[str, Any], query: str) -> None:
    answer = httpx.get(f"{system.url}/links?{query}", headers={"Authorization": f"Bearer {key['token']}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unprocessable_entity")


def test_a_change_replaces_what_it_names(system: System, dub: Any) -> None:
    link = create(
        dub, key="change-me", title="Before", expires_at="2030-01-01T00:00:00Z", tag_names=["a"], external_id="o-change"
    )
    changed = dub.links.update(
        link_id="ext_o-change",
        request_body={"url": "https://c.d", "key": link.key, "domain": link.domain, "expires_at": None, "ref": "me"},
    )
    assert (changed.id, changed.url, changed.expires_at) == (link.id, "https://c.d/?ref=me", None)
    assert (changed.title, [tag.name for tag in changed.tags]) == ("Before", ["a"])
    assert httpx.get(link.short_link).headers["Location"] == "https://c.d/?ref=me"
    tagged = dub.links.update(link_id=link.id, request_body={"tag_names": ["x", "y"], "title": None})
    assert ([tag.name for tag in tagged.tags], tagged.title) == (["x", "y"], None)
    by_id = dub.links.update(link_id=link.id, request_body={"tag_ids": tagged.tags[1].id})
    assert [tag.name for tag in by_id.tags] == ["y"]
    assert dub.links.update(link_id=link.id, request_body={"tag_ids": []}).tags == []


@pytest.mark.parametrize("change", [{"url": "nope"}, {"tag_ids": ["4711"]}, {"geo": {"FR": LINK}}, {"ref": "x" * 256}])
def test_a_change_that_breaks_a_rule_changes_nothing(dub: Any, change: dict[str, Any]) -> None:
    link = create(dub)
    with pytest.raises(errors.UnprocessableEntity):
        dub.links.update(link_id=link.id, request_body={"title": "new"} | change)
    assert dub.links.get(request={"link_id": link.id}) == link


def test_an_archived_link_goes_on_working_and_leaves_the_list(dub: Any) -> None:
    link = create(dub, key="archive-me", archived=True, tag_names="keep")
    assert link.archived
    assert keys(dub.links.list(request={"search": "archive-me"})) == []
    assert keys(dub.links.list(request={"search": "archive-me", "show_archived": True})) == ["archive-me"]
    assert httpx.get(link.short_link).headers["Location"] == LINK
    restored = dub.links.update(link_id=link.id, request_body={"archived": False})
    assert (restored.archived, [tag.name for tag in restored.tags]) == (False, ["keep"])
    assert keys(dub.links.list(request={"search": "archive-me"})) == ["archive-me"]


def test_a_deleted_link_is_gone(system: System, dub: Any) -> None:
    link = create(dub, external_id="o-gone")
    assert dub.links.delete(link_id="ext_o-gone").id == link.id
    assert httpx.get(link.short_link).status_code == 404
    for act in (dub.links.delete, dub.links.update):
        with pytest.raises(errors.NotFound):
            act(link_id=link.id)


def test_other_workspaces_links_do_not_exist(system: System, dub: Any) -> None:
    link = create(dub)
    with Dub(token=system.key["token"], server_url=system.url) as stranger:
        for act in (stranger.links.delete, stranger.links.update):
            with pytest.raises(errors.NotFound):
                act(link_id=link.id)
    assert dub.links.get(request={"link_id": link.id}) == link


def test_a_key_that_may_only_read_changes_nothing(system: System, dub: Any) -> None:
    link = create(dub)
    reader = new_key(system, "--workspace", "dub links", "--scopes", "read")
    with Dub(token=reader["token"], server_url=system.url) as client:
        assert client.links.get(request={"link_id": link.id}) == link
        for act in (client.links.delete, client.links.update):
            with pytest.raises(errors.Forbidden):
                act(link_id=link.id)
