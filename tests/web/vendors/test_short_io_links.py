"""Short.io's calls for single links: its clients for Python, unchanged, against a running system."""

from typing import Any

import httpx
import pytest
from pyshortio.api import Client
from short_io_api_client import AuthenticatedClient
from short_io_api_client.api.domains import get_api_domains
from short_io_api_client.api.link_management import (
    delete_links_link_id,
    post_links,
    post_links_archive,
    post_links_archive_bulk,
    post_links_link_id,
    post_links_unarchive,
    post_links_unarchive_bulk,
    post_tags_bulk,
)
from short_io_api_client.api.link_queries import get_api_links, get_links_expand, get_links_link_id
from short_io_api_client.models import (
    PostLinksArchiveBody,
    PostLinksArchiveBulkBody,
    PostLinksBody,
    PostLinksLinkIdBody,
    PostLinksUnarchiveBody,
    PostLinksUnarchiveBulkBody,
    PostTagsBulkBody,
)

from tests.system import System
from tests.web.commands import new_key

LINK = "https://a.b/"
PYSHORTIO = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def key(system: System) -> dict[str, Any]:
    """The key of a workspace that has no other links."""
    return new_key(system, "--workspace", "short.io links", "--plan", "enterprise")


@pytest.fixture(scope="module")
def official(system: System, key: dict[str, Any]) -> Any:
    return AuthenticatedClient(base_url=system.url, token=key["token"], prefix="")


@pytest.fixture(scope="module")
def short(system: System, key: dict[str, Any]) -> Any:
    return Client(token=key["token"], endpoint=system.url)


@pytest.fixture
def hostname(system: System) -> str:
    return system.url.partition("://")[2]


def sync(module: Any, client: Any, **arguments: Any) -> Any:
    """Call a function of the official client, whose answers have a type for each status."""
    return module.sync(client=client, **arguments)


def request(system: System, key: dict[str, Any], method: str, path: str, **options: Any) -> httpx.Response:
    return httpx.request(method, system.url + path, headers={"Authorization": key["token"]}, timeout=60, **options)


def test_the_official_client_creates_shows_changes_and_deletes_a_link(
    system: System, official: Any, hostname: str
) -> None:
    body = PostLinksBody(domain=hostname, original_url="https://a.b", path="short-io-one", tags=["x"], title="Title")
    created = sync(post_links, official, body=body)
    assert (created.success, created.duplicate, created["path"]) == (True, False, "short-io-one")
    shown = sync(get_links_link_id, official, link_id=created["idString"])
    assert (shown.original_url, shown.title, shown.tags, shown.archived) == (LINK, "Title", ["x"], False)
    assert sync(get_links_expand, official, domain=hostname, path="short-io-one").id == shown.id
    change = PostLinksLinkIdBody(original_url="https://c.d", path="short-io-one", archived=True, expires_at=None)
    changed = sync(post_links_link_id, official, link_id=shown.id, body=change)
    assert (changed.original_url, changed.tags, changed.archived) == ("https://c.d/", ["archived", "x"], True)
    assert httpx.get(shown.short_url).headers["Location"] == "https://c.d/"
    deleted = sync(delete_links_link_id, official, link_id=shown.id)
    assert (deleted.success, deleted.id_string) == (True, shown.id)
    assert httpx.get(shown.short_url).status_code == 404


def test_the_official_client_lists_domains_and_their_links(system: System, official: Any, hostname: str) -> None:
    (domain,) = sync(get_api_domains, official)
    assert (domain.hostname, domain.state.value) == (hostname, "configured")
    for number in range(5):
        body = PostLinksBody(domain=hostname, original_url=f"https://a.b/{number}", path=f"short-io-list-{number}")
        sync(post_links, official, body=body)
    paths: list[str | None] = []
    token: Any = ""
    while token is not None:
        page = sync(get_api_links, official, domain_id=domain.id, limit=2, page_token=token)
        paths += [link.path for link in page.links]
        token = page.next_page_token
    assert paths == [f"short-io-list-{number}" for number in range(4, -1, -1)]


def test_a_path_that_is_taken_is_a_conflict(system: System, key: dict[str, Any]) -> None:
    body = {"originalURL": "https://a.b/taken", "path": "short-io-taken", "allowDuplicates": True}
    assert request(system, key, "POST", "/links", json=body).status_code == 200
    answer = request(system, key, "POST", "/links", json=body)
    assert (answer.status_code, answer.json()["message"]) == (409, "Link already exists")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/links", {"originalURL": "nope"}, 400),
        ("POST", "/links", {"originalURL": LINK, "cloaking": True}, 400),
        ("POST", "/links", [], 400),
        ("POST", "/links/x", {"title": "x"}, 404),
        ("GET", "/links/x", None, 404),
        ("DELETE", "/links/x", None, 404),
        ("GET", "/links/expand", None, 400),
        ("GET", "/links/expand?domain=a.b&path=x", None, 404),
        ("GET", "/domains/1x", None, 404),
        ("GET", "/api/links", None, 400),
        ("GET", "/api/links?domain_id=1&limit=151", None, 400),
        ("GET", "/api/links?domain_id=1&beforeDate=soon", None, 400),
        ("GET", "/api/links?domain_id=1&folderId=3", None, 400),
        ("GET", "/api/links?domain_id=1&pageToken=x", None, 404),
        ("GET", "/api/domains?pattern=x", None, 400),
        ("POST", "/links/folders", {"name": ""}, 400),
    ],
)
def test_a_request_that_makes_no_sense_has_an_error_in_the_shape_of_short_io(
    system: System, key: dict[str, Any], method: str, path: str, body: Any, status: int
) -> None:
    answer = request(system, key, method, path, json=body)
    assert (answer.status_code, answer.json()["success"]) == (status, False)


def test_a_time_narrows_the_list_of_links(system: System, key: dict[str, Any]) -> None:
    (domain,) = request(system, key, "GET", "/api/domains").json()

    def count(**query: str) -> int:
        answer = request(system, key, "GET", "/api/links", params={"domain_id": domain["id"]} | query)
        return int(answer.json()["count"])

    assert count(afterDate="2020-01-01T00:00:00Z") == count()
    assert count(beforeDate="2020-01-01") == 0


def test_our_own_api_keeps_its_paths(system: System, key: dict[str, Any]) -> None:
    for path in ("/api/domains", "/api/links"):
        own = httpx.get(system.url + path, headers={"Authorization": f"Bearer {key['token']}"})
        assert set(own.json()) == {"items", "next_cursor"}
        assert httpx.get(system.url + path).json()["code"] == "UNAUTHORIZED"
        assert httpx.get(system.url + path, headers={"Authorization": "nope"}).status_code == 401


@PYSHORTIO
def test_the_sync_of_pyshortio_creates_updates_and_leaves_what_is_the_same(
    system: System, short: Any, hostname: str
) -> None:
    _, domain = short.get_domain_by_hostname(hostname)
    assert short.get_domain(domain.id)[1].hostname == hostname
    folders = short._create_folder_if_they_do_not_exists(domain.id, ["Campaign"])
    assert short._create_folder_if_they_do_not_exists(domain.id, ["Campaign"]) == folders

    def plan(**links: dict[str, Any]) -> Any:
        wanted = {f"https://sync.example/{name}": dict(link) for name, link in links.items()}
        for url, link in wanted.items():
            link["original_url"] = url
        return short._sync_identify_link_to_create_update_and_delete(domain.id, wanted, folders)

    links: dict[str, dict[str, Any]] = {
        "one": {"title": "One", "tags": ["a", "b"], "folder_name": "Campaign"},
        "two": {"title": "Two", "path": "sync-two"},
    }
    to_create, to_update, _ = plan(**links)
    assert (len(to_create), len(to_update)) == (2, 0)
    short._sync_create_links(hostname, to_create)
    assert system.sql("SELECT count(*) FROM links WHERE group_id IS NOT NULL AND title = 'One'")[0][0] == 1
    links["two"]["title"] = "Changed"
    to_create, to_update, _ = plan(**links)
    changed_titles = [link["title"] for _, link in to_update]
    assert changed_titles == ["Changed"] or len(to_update) == 2  # the folder of "one" is no part of our answer
    short._sync_update_links(domain.id, to_update)
    assert httpx.get(f"{system.url}/sync-two").headers["Location"] == "https://sync.example/two"
    assert [link.title for link in short.list_links(domain.id)[1] if link.path == "sync-two"] == ["Changed"]


def test_links_are_archived_tagged_and_deleted_many_at_once(
    system: System, official: Any, key: dict[str, Any], hostname: str
) -> None:
    links = []
    for number in range(3):
        body = PostLinksBody(domain=hostname, original_url=f"https://bulk.example/{number}")
        links.append(sync(post_links, official, body=body)["idString"])

    def tags() -> list[list[str]]:
        return [sync(get_links_link_id, official, link_id=link).tags for link in links]

    two = links[:2]
    assert sync(post_links_archive_bulk, official, body=PostLinksArchiveBulkBody(link_ids=two)).success
    tagged = post_tags_bulk.sync_detailed(client=official, body=PostTagsBulkBody(tag="x", link_ids=links))
    assert (tagged.status_code, tags()) == (200, [["archived", "x"], ["archived", "x"], ["x"]])
    assert sync(post_links_unarchive_bulk, official, body=PostLinksUnarchiveBulkBody(link_ids=two)).success
    assert sync(post_links_archive, official, body=PostLinksArchiveBody(link_id=links[2])).success
    assert tags() == [["x"], ["x"], ["archived", "x"]]
    assert sync(post_links_unarchive, official, body=PostLinksUnarchiveBody(link_id=links[2])).success
    missing = sync(post_links_archive_bulk, official, body=PostLinksArchiveBulkBody(link_ids=["1-1-none"]))
    assert (missing.success, bool(missing.error)) == (False, True)
    wrong: dict[str, Any]
    for wrong in ({"link_ids": "x"}, {"link_ids": [5]}, {"link_ids": []}, {}):
        assert request(system, key, "DELETE", "/links/delete_bulk", json=wrong).status_code == 400
    answer = request(system, key, "DELETE", "/links/delete_bulk", json={"link_ids": links})
    assert answer.json() == {"success": True}
    assert request(system, key, "GET", f"/links/{links[0]}").status_code == 404


@PYSHORTIO
def test_pyshortio_finds_and_deletes_a_link(short: Any, hostname: str) -> None:
    _, link = short.create_link(hostname=hostname, original_url="https://a.b/gone", path="short/io/gone")
    assert short.get_link_info_by_path(hostname, "short/io/gone")[1].id == link.id
    assert short.delete_link(link.id)[1] is True
    _, other = short.create_link(hostname=hostname, original_url="https://a.b/gone-too")
    assert short.batch_delete_links([other.id])[1] is True
    assert short.delete_link(link.id, raise_for_status=False)[1] is False
    assert short.get_link_info_by_link_id(link.id, raise_for_status=False)[1] is None


def test_a_domain_is_found_by_its_number_as_javascript_rounds_it(system: System, key: dict[str, Any]) -> None:
    headers = {"authorization": key["token"]}
    [domain] = httpx.get(f"{system.url}/api/domains", headers=headers).json()
    rounded = int(float(domain["id"]))
    found = httpx.get(f"{system.url}/domains/{rounded}", headers=headers)
    assert (found.status_code, found.json()["hostname"]) == (200, domain["hostname"])
    listed = httpx.get(f"{system.url}/api/links", params={"domain_id": rounded}, headers=headers)
    assert listed.status_code == 200
