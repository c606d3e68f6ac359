"""URL Shortify: the examples of its guide to the letter, and what its users meet besides."""

import base64
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system import System
from tests.web.commands import client, flask, new_key
from web.vendors import url_shortify

PATH = "/wp-json/url-shortify/v1/links/bulk"
GROUPS = "/wp-json/url-shortify/v1/groups"

CURL = """
curl -sS -w '%{http_code}' -X POST "$SITE/wp-json/url-shortify/v1/links/bulk" \\
  -H 'Content-Type: application/json' \\
  -H "X-URL-SHORTIFY-CONSUMER-KEY: $US_KEY" \\
  -H "X-URL-SHORTIFY-CONSUMER-SECRET: $US_SECRET" \\
  -d '{
    "links": [
      { "url": "https://example.com/a", "slug": "curl-a" },
      { "url": "https://example.com/b", "slug": "curl-b" }
    ]
  }'
"""
NODE = """
const { US_KEY, US_SECRET, SITE } = process.env;
async function bulkCreate(links) {
    const response = await fetch(SITE + '/wp-json/url-shortify/v1/links/bulk', {
        method: 'POST',
        body: JSON.stringify({ links }),
        headers: {
            'Content-Type': 'application/json',
            'X-URL-SHORTIFY-CONSUMER-KEY': US_KEY,
            'X-URL-SHORTIFY-CONSUMER-SECRET': US_SECRET,
        },
    });
    return (await response.json()).data;
}
bulkCreate([
    { url: 'https://example.com/a', slug: 'node-a' },
    { url: 'https://example.com/b', slug: 'node-b' },
]).then((data) => console.log(JSON.stringify(data)));
"""
GUIDE: dict[str, list[dict[str, Any]]] = {
    "links": [
        {
            "url": "https://example.com/products/blue-widget",
            "slug": "blue-widget",
            "title": "Blue Widget Product Page",
            "group_id": 7,
            "tags": [3, 12],
            "expiration_date": "2026-12-31T23:59:59Z",
        },
        {
            "url": "https://example.com/products/red-widget",
            "slug": "red-widget",
            "title": "Red Widget Product Page",
        },
        {"url": "https://example.com/products/green-widget"},
    ]
}


@pytest.fixture(scope="module")
def key(system: System) -> dict[str, Any]:
    """The key of a workspace with the groups and tags of the guide, and some whose names look like ids of others."""
    key = new_key(system, "--workspace", "wordpress")
    with client(system, key) as workspace:
        for kind, number, name in (
            ("groups", 7, "Widgets"),
            ("groups", 8, "7"),
            ("tags", 3, "blue"),
            ("tags", 12, "new"),
            ("tags", 13, "3"),
        ):
            workspace.post(f"/api/{kind}", json={"id": number, "name": name}).raise_for_status()
    return key


@pytest.fixture
def site(system: System, key: dict[str, Any]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=system.url, headers=pair(key), timeout=60) as client_:
        yield client_


def pair(key: dict[str, Any]) -> dict[str, str]:
    names = ("X-URL-SHORTIFY-CONSUMER-KEY", "X-URL-SHORTIFY-CONSUMER-SECRET")
    return dict(zip(names, (key["consumer_key"], key["consumer_secret"]), strict=True))


def bulk(site: httpx.Client, *links: Any) -> httpx.Response:
    return site.post(PATH, json={"links": list(links)})


def environment(system: System, key: dict[str, Any]) -> dict[str, str]:
    names = {"SITE": system.url, "US_KEY": key["consumer_key"], "US_SECRET": key["consumer_secret"]}
    return names | {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def destination(url: str) -> str:
    return httpx.get(url).headers["Location"]


def is_refusal(answer: httpx.Response, status: int, code: str) -> bool:
    body = answer.json()
    shape = {"success": False, "code": code, "message": body["message"], "data": {"status": status}}
    return (answer.status_code, body) == (status, shape) and bool(body["message"])


def test_the_request_of_the_guide_has_the_answer_of_the_guide(system: System, site: httpx.Client) -> None:
    answer = site.post(PATH, json=GUIDE)
    body = answer.json()
    slugs = ["blue-widget", "red-widget", body["data"][2]["slug"]]
    assert answer.status_code == 201
    assert body == {
        "success": True,
        "data": [
            {
                "original_url": f"https://example.com/products/{color}-widget",
                "short_url": f"{system.url}/{slug}",
                "slug": slug,
                "status": "created",
            }
            for color, slug in zip(("blue", "red", "green"), slugs, strict=True)
        ],
    }
    for item in body["data"]:
        assert destination(item["short_url"]) == item["original_url"]


def test_group_tags_title_and_expiry_are_stored(system: System, site: httpx.Client, key: dict[str, Any]) -> None:
    bulk(site, GUIDE["links"][0] | {"slug": "stored-widget"})
    query = "SELECT title, group_id, expires_at FROM links WHERE slug = 'stored-widget'"
    ((title, group, expires),) = system.sql(query)
    assert (title, group, str(expires)[:19]) == ("Blue Widget Product Page", 7, "2026-12-31 23:59:59")
    assert system.sql("SELECT tag_id FROM link_tags WHERE slug = 'stored-widget' ORDER BY tag_id") == [(3,), (12,)]


def test_the_curl_example_runs_unchanged(system: System, key: dict[str, Any]) -> None:
    process = subprocess.run(
        ["bash", "-c", CURL], env=environment(system, key), capture_output=True, text=True, check=True
    )
    body, status = json.loads(process.stdout[:-3]), process.stdout[-3:]
    assert (status, [item["slug"] for item in body["data"]]) == ("201", ["curl-a", "curl-b"])


def test_the_javascript_example_runs_unchanged(system: System, key: dict[str, Any]) -> None:
    process = subprocess.run(
        ["node", "-e", NODE], env=environment(system, key), capture_output=True, text=True, check=True
    )
    assert [item["short_url"] for item in json.loads(process.stdout)] == [f"{system.url}/node-{one}" for one in "ab"]


def test_the_python_example_prints_a_line_per_link(site: httpx.Client) -> None:
    answer = bulk(
        site, {"url": "https://example.com/a", "slug": "py-a"}, {"url": "https://example.com/b", "slug": "py-a"}
    )
    answer.raise_for_status()
    lines = [f"{item['status']:<8} {item.get('short_url', item.get('message'))}" for item in answer.json()["data"]]
    assert lines == [f"created  {answer.request.url.copy_with(path='/py-a')}", "error    Slug already exist."]


def test_a_bad_url_has_the_message_of_the_guide(site: httpx.Client) -> None:
    answer = bulk(site, {"url": "not-a-valid-url"}, {"url": "https://a.b/"})
    bad, good = answer.json()["data"]
    assert answer.status_code == 201
    assert bad == {"original_url": "not-a-valid-url", "status": "error", "message": "Invalid URL."}
    assert good["status"] == "created"


@pytest.mark.parametrize("url", ["HTTPS://Example.COM", "https://example.com/ü?q=ä b#ß", " https://a.b "])
def test_the_original_url_is_returned_unchanged(site: httpx.Client, url: str) -> None:
    assert bulk(site, {"url": url}).json()["data"][0]["original_url"] == url


@pytest.mark.parametrize("slug", ["", None])
def test_without_a_slug_one_is_generated(site: httpx.Client, slug: str | None) -> None:
    link = bulk(site, {"url": "https://a.b/", "slug": slug}).json()["data"][0]
    assert (link["status"], len(link["slug"]) >= 7) == ("created", True)


@pytest.mark.parametrize("item", [5, None, "x", [], {}, {"url": None}, {"url": 5}, {"url": {}}, {"url": [1]}])
def test_a_malformed_link_fails_alone(site: httpx.Client, item: Any) -> None:
    answer = bulk(site, item, {"url": "https://a.b/"})
    bad, good = answer.json()["data"]
    assert (answer.status_code, good["status"], set(bad)) == (201, "created", {"original_url", "status", "message"})
    assert bad["message"] in ("Invalid URL.", "A link must be an object.")


@pytest.mark.parametrize(
    "labels",
    [
        {"group_id": 9},
        {"group_id": -7},
        {"group_id": "7"},
        {"group_id": True},
        {"group_id": 10**30},
        {"group_id": "Widgets"},
        {"tags": [3, 99]},
        {"tags": ["blue"]},
        {"tags": [[3]]},
        {"tags": [None]},
        {"tags": [10**30]},
        {"tags": "3"},
    ],
)
def test_an_unknown_group_or_tag_fails_only_its_link(site: httpx.Client, labels: dict[str, Any]) -> None:
    answer = bulk(site, {"url": "https://a.b/"} | labels, {"url": "https://a.b/"})
    bad, good = answer.json()["data"]
    assert (answer.status_code, bad["status"], good["status"]) == (201, "error", "created")
    assert "with the ID" in bad["message"]


@pytest.mark.parametrize("labels", [{"group_id": 0, "tags": []}, {"group_id": None, "tags": None}, {"tags": [0]}])
def test_a_link_needs_no_group_or_tag(site: httpx.Client, labels: dict[str, Any]) -> None:
    assert bulk(site, {"url": "https://a.b/"} | labels).json()["data"][0]["status"] == "created"


def test_groups_and_tags_of_another_workspace_are_unknown(system: System, site: httpx.Client) -> None:
    with client(system, new_key(system, "--workspace", "other blog")) as other:
        other.post("/api/groups", json={"id": 70, "name": "elsewhere"}).raise_for_status()
        other.post("/api/tags", json={"id": 71, "name": "elsewhere"}).raise_for_status()
    answer = bulk(site, {"url": "https://a.b/", "group_id": 70}, {"url": "https://a.b/", "tags": [71]})
    assert [item["status"] for item in answer.json()["data"]] == ["error", "error"]
    assert system.sql("SELECT count(*) FROM tags WHERE name IN ('71', 'elsewhere')") == [(1,)]


def test_a_name_that_looks_like_an_id_is_not_mistaken_for_one(system: System, site: httpx.Client) -> None:
    bulk(site, {"url": "https://a.b/", "slug": "seven-three", "group_id": 7, "tags": [3]})
    assert system.sql("SELECT group_id FROM links WHERE slug = 'seven-three'") == [(7,)]
    assert system.sql("SELECT tag_id FROM link_tags WHERE slug = 'seven-three'") == [(3,)]


def test_the_pair_may_be_sent_as_basic_authentication(system: System, key: dict[str, Any]) -> None:
    basic = (key["consumer_key"], key["consumer_secret"])
    answer = httpx.post(system.url + PATH, json={"links": [{"url": "https://a.b/"}]}, auth=basic)
    assert answer.status_code == 201


def test_a_request_without_a_key_is_challenged_with_basic(system: System) -> None:
    answer = httpx.post(system.url + PATH, json=GUIDE)
    assert is_refusal(answer, 401, "rest_unauthorized_request")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_half_a_pair_or_a_wrong_one_is_refused(system: System, key: dict[str, Any]) -> None:
    right = pair(key)
    key_name, secret_name = right
    basics = (f"{key['consumer_key']}:nope", ":", key["consumer_key"], "\xff")
    wrong: list[dict[str, str]] = [
        {key_name: right[key_name]},
        {secret_name: right[secret_name]},
        right | {secret_name: "nope"},
        right | {key_name: right[secret_name], secret_name: right[key_name]},
        {"Authorization": f"Bearer {key['token']}"},
        {"Authorization": "Basic !!!"},
        *({"Authorization": f"Basic {base64.b64encode(text.encode('latin1')).decode()}"} for text in basics),
    ]
    for headers in wrong:
        assert is_refusal(httpx.post(system.url + PATH, json=GUIDE, headers=headers), 401, "rest_unauthorized_request")
        assert httpx.get(system.url + GROUPS, headers=headers).status_code == 401


def test_creating_links_needs_write_and_listing_groups_needs_read(system: System) -> None:
    readonly, writeonly = (new_key(system, "--workspace", "wordpress", "--scopes", one) for one in ("read", "write"))
    body = {"links": [{"url": "https://a.b/"}]}
    refused = httpx.post(system.url + PATH, json=body, headers=pair(readonly))
    assert is_refusal(refused, 403, "rest_forbidden_request")
    assert httpx.post(system.url + PATH, json=body, headers=pair(writeonly)).status_code == 201
    assert httpx.get(system.url + GROUPS, headers=pair(readonly)).status_code == 200
    assert is_refusal(httpx.get(system.url + GROUPS, headers=pair(writeonly)), 403, "rest_forbidden_request")


def test_groups_are_listed_with_their_ids(site: httpx.Client) -> None:
    answer = site.get(GROUPS)
    assert answer.json() == {"success": True, "data": [{"id": 7, "name": "Widgets"}, {"id": 8, "name": "7"}]}
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("2", "1")
    for page, names in (("1", ["Widgets"]), ("2", ["7"]), ("3", []), ("0", ["Widgets"])):
        answer = site.get(GROUPS, params={"page": page, "per_page": 1})
        assert [group["name"] for group in answer.json()["data"]] == names
        assert answer.headers["X-WP-TotalPages"] == "2"
    assert len(site.get(GROUPS, params={"page": "x", "per_page": "-1"}).json()["data"]) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"5", b"{}", b'{"links": {}}', b'{"links": []}', b"[]", b"\xff"])
def test_a_malformed_body_is_a_400(site: httpx.Client, body: bytes) -> None:
    assert is_refusal(site.post(PATH, content=body), 400, "rest_bad_request")


def test_a_bare_list_is_accepted_as_by_the_plugin(site: httpx.Client) -> None:
    assert len(site.post(PATH, json=[{"url": "https://a.b/"}]).json()["data"]) == 1


def test_a_call_may_have_fifty_links_and_no_more(system: System, site: httpx.Client) -> None:
    links = [{"url": f"https://example.com/{number}"} for number in range(51)]
    assert len(bulk(site, *links[:50]).json()["data"]) == 50
    before = system.sql("SELECT count(*) FROM links"), system.sql("SELECT count(*) FROM jobs")
    refused = bulk(site, *links)
    assert is_refusal(refused, 400, "rest_bad_request")
    assert "50" in refused.json()["message"]
    assert before == (system.sql("SELECT count(*) FROM links"), system.sql("SELECT count(*) FROM jobs"))


def test_a_workspace_may_set_its_own_limit_at_any_time(system: System) -> None:
    one, other = (new_key(system, "--workspace", name) for name in ("raised", "not raised"))
    links = [{"url": f"https://example.com/{number}"} for number in range(60)]

    def status(key: dict[str, Any], count: int = 60) -> int:
        return httpx.post(system.url + PATH, json={"links": links[:count]}, headers=pair(key)).status_code

    assert (status(one), status(other)) == (400, 400)
    with client(system, one) as client_:
        assert client_.patch("/api/me", json={"bulk_limit": 60}).status_code == 200
        assert (status(one), status(other)) == (201, 400)
        client_.patch("/api/me", json={"bulk_limit": 3})
        assert (status(one, 3), status(one, 4)) == (201, 400)
        client_.patch("/api/me", json={"bulk_limit": None})
        assert (status(one), status(one, 50)) == (400, 201)
    assert flask(system, "workspaces", "set", "--workspace", "raised", "--bulk-limit", "60").returncode == 0
    assert status(one) == 201


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (None, []), (0, []), ("", []), (7, [7]), ([3, 12], [3, 12]), ([0, 3], [3]),
        ("7", ["7"]), (True, ["True"]), (-1, ["-1"]), ([10**30], [str(10**30)]),
    ],
)  # fmt: skip
def test_what_is_not_an_id_becomes_text_that_no_label_has(value: Any, ids: list[int | str]) -> None:
    assert url_shortify._parse_ids(value) == ids
