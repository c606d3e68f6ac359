"""Dub: its own Python package, unchanged, against a running system."""

import json
from typing import Any

import httpx
import pytest
from dub import Dub
from dub.models import components, errors, operations

from tests.system import System
from tests.web.commands import new_key

PATH = "/links/bulk"
LINK = "https://a.b"


def sdk(system: System, token: str | None = None) -> Dub:
    return Dub(token=token or system.key["token"], server_url=system.url)


def create(system: System, *links: Any, token: str | None = None) -> list[Any]:
    return sdk(system, token).links.create_many(request=list(links))


def code(item: Any) -> str:
    assert isinstance(item, components.LinkErrorSchema)
    return item.code.value


def test_the_documented_example_creates_links_in_order(system: System) -> None:
    created = create(system, {"url": "https://google.com"}, {"url": "https://google.uk"})
    assert [type(link) for link in created] == [components.LinkSchema] * 2
    assert [link.url for link in created] == ["https://google.com/", "https://google.uk/"]
    for link in created:
        assert (link.short_link, len(link.key)) == (f"{system.url}/{link.key}", 7)
        assert (link.domain, link.workspace_id) == (system.url.partition("://")[2], system.key["workspace_id"])
        assert httpx.get(link.short_link).headers["Location"] == link.url
        assert httpx.get(f"{system.url}/api/links/{link.id}", headers=bearer(system)).json()["slug"] == link.key
        assert (link.clicks, link.archived, link.tags, link.expires_at, link.password) == (0, False, [], None, None)


def bearer(system: System) -> dict[str, str]:
    return {"Authorization": f"Bearer {system.key['token']}"}


def test_every_supported_field_is_stored(system: System) -> None:
    link = create(
        system,
        {
            "url": "https://example.com/?x=1",
            "key": "dub-all",
            "external_id": "order-1",
            "tag_names": ["b", "a"],
            "title": "Ünïcode ✓",
            "password": "secret",
            "expires_at": "2030-01-01T00:00:00Z",
            "utm_source": "mail",
            "utm_campaign": "spring sale",
            "comments": "for the team",
            "ref": "friend",
            "ios": None,
        },
    )[0]
    assert (link.key, link.external_id, link.title, link.password) == ("dub-all", "order-1", "Ünïcode ✓", "secret")
    assert link.expires_at == "2030-01-01T00:00:00.000Z"
    assert (link.utm_source, link.utm_campaign, link.utm_term) == ("mail", "spring sale", None)
    assert link.url == "https://example.com/?x=1&ref=friend&utm_source=mail&utm_campaign=spring+sale"
    assert [tag.name for tag in link.tags] == ["a", "b"]
    assert (link.comments, link.ios) == ("for the team", None)
    assert system.sql("SELECT comment FROM links WHERE slug = 'dub-all'") == [("for the team",)]
    assert "Location" not in httpx.get(link.short_link).headers
    ids = [tag.id for tag in link.tags]
    again = create(system, {"url": "https://a.b", "tag_ids": ids}, {"url": "https://a.b", "tag_ids": ids[0]})
    assert [[tag.id for tag in other.tags] for other in again] == [ids, ids[:1]]
    comma = create(system, {"url": "https://a.b", "tag_names": "a, b"}, {"url": "https://a.b", "tag_names": "solo"})
    assert [[tag.name for tag in other.tags] for other in comma] == [["a", "b"], ["solo"]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("geo", {"FR": LINK}), ("ios", LINK), ("android", LINK), ("expiredUrl", LINK), ("rewrite", True),
        ("proxy", True), ("testVariants", [{"url": LINK, "percentage": 50}]),
    ],
)  # fmt: skip
def test_a_field_that_linkmill_cannot_follow_fails_only_its_link(system: System, field: str, value: Any) -> None:
    default: dict[str, Any] = {
        "geo": None,
        "archived": False,
        "proxy": False,
        "rewrite": False,
        "testVariants": [],
        "new": "x",
    }
    refused, created = system.post([{"url": LINK, field: value}, {"url": LINK} | default], PATH).json()
    assert (refused["link"], refused["code"]) == ({"url": LINK, field: value}, "unprocessable_entity")
    assert refused["error"].startswith(f"{field} is not supported.")
    assert created["url"] == "https://a.b/"


def test_a_prefix_and_a_length_shape_the_random_key(system: System) -> None:
    links = create(
        system,
        {"url": LINK, "prefix": "/c/", "key_length": 5},
        {"url": LINK, "prefix": "c"},
        {"url": LINK, "key_length": 12},
        {"url": LINK, "prefix": "/c/", "key_length": 5, "key": "dub-own-key"},
    )
    folder, default, longer, own = [link.key for link in links]
    assert (folder[:2], len(folder), default[:2], len(default)) == ("c/", 7, "c/", 9)
    assert (len(longer), own) == (12, "dub-own-key")
    for link in links:
        assert httpx.get(link.short_link).headers["Location"] == "https://a.b/"


@pytest.mark.parametrize(
    "shape",
    [
        {"keyLength": 2}, {"keyLength": 191}, {"keyLength": 3.5}, {"keyLength": "5"}, {"keyLength": True},
        {"keyLength": [5]}, {"prefix": 5}, {"prefix": "a b"}, {"prefix": "\ud800"}, {"prefix": "\0"},
        {"prefix": "/api/"}, {"prefix": "c", "keyLength": 190}, {"ref": 5}, {"ref": ["x"]}, {"ref": "x" * 256},
        {"ref": "\ud800"}, {"comments": "x" * 501},
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_drawn_and_a_bad_ref_fail_only_their_link(system: System, shape: dict[str, Any]) -> None:
    body = json.dumps([{"url": LINK} | shape, {"url": LINK}]).encode()
    bad, good = system.post(body, PATH).json()
    assert bad["code"] in ("unprocessable_entity", "forbidden")
    assert good["url"] == "https://a.b/"


def test_an_external_id_finds_its_link_again(system: System) -> None:
    first, twin = create(
        system,
        {"url": "https://a.b", "external_id": "order-2", "tag_names": ["old"]},
        {"url": "https://c.d", "external_id": "order-2"},
    )
    again = create(system, {"url": "https://e.f", "external_id": "order-2"})[0]
    assert (twin.id, again.id) == (first.id, first.id)
    assert (again.url, again.external_id, [tag.name for tag in again.tags]) == ("https://a.b/", "order-2", ["old"])


def test_failed_links_have_their_places_and_repeat_the_request(system: System) -> None:
    create(system, {"url": "https://a.b", "key": "taken"})
    answer = create(
        system,
        {"url": "https://a.b", "key": "taken"},
        {"url": "https://a.b"},
        {"url": "nope"},
        {"url": "https://a.b", "key": "api"},
        {"url": "https://a.b", "tag_ids": ["4711"]},
        {"url": "https://a.b", "domain": "foreign.example"},
        {"url": "https://a.b", "expires_at": "soon"},
    )
    bad = [item for index, item in enumerate(answer) if index != 1]
    assert isinstance(answer[1], components.LinkSchema)
    assert [code(item) for item in bad] == ["conflict", "unprocessable_entity", "forbidden"] + [
        "unprocessable_entity"
    ] * 3
    assert answer[0].error == "Duplicate key: This short link already exists."
    assert answer[0].link == {"url": "https://a.b", "key": "taken"}
    assert "4711" in answer[4].error
    assert "Domain" in answer[5].error


def test_links_of_one_call_may_be_on_several_domains(system: System) -> None:
    own = system.url.partition("://")[2]
    hostname = f"go-{own.partition(':')[2]}.example"
    httpx.post(f"{system.url}/api/domains", json={"hostname": hostname}, headers=bearer(system)).raise_for_status()
    links = create(
        system,
        {"url": "https://a.b", "domain": own, "key": "dub-domains", "tag_names": ["a"]},
        {"url": "https://a.b", "domain": hostname.upper(), "key": "dub-domains", "tag_names": ["b"]},
        {"url": "https://a.b", "domain": hostname, "prefix": "c"},
        {"url": "https://a.b"},
        {"url": "https://a.b", "domain": "foreign.example", "prefix": "c"},
    )
    assert [link.domain for link in links[:4]] == [own, hostname, hostname, own]
    assert [[tag.name for tag in link.tags] for link in links[:2]] == [["a"], ["b"]]
    for link in links[:4]:
        assert link.short_link == f"http://{link.domain}/{link.key}"
        assert httpx.get(f"{system.url}/{link.key}", headers={"Host": link.domain}).status_code == 302
    assert (code(links[4]), links[4].error) == ("unprocessable_entity", "Domain does not belong to workspace.")


@pytest.mark.parametrize(
    "link",
    [
        5, None, "https://a.b", [], {}, {"url": None}, {"url": 5}, {"url": ["x"]}, {"url": LINK, "key": 5},
        {"url": LINK, "tagNames": 5}, {"url": LINK, "tagNames": [5]}, {"url": LINK, "domain": 5},
        {"url": LINK, "tagIds": {"a": 1}}, {"url": LINK, "tagIds": [None]}, {"url": LINK, "domain": "\0"},
        {"url": LINK, "externalId": {}}, {"url": LINK, "domain": ["x"]}, {"url": LINK, "tagIds": 5},
    ],
)  # fmt: skip
def test_a_bad_link_fails_alone(system: System, link: Any) -> None:
    answer = system.post([link, {"url": "https://a.b", "key": "", "title": None, "domain": None}], PATH)
    bad, good = answer.json()
    assert (answer.status_code, set(bad), bad["link"]) == (200, {"link", "error", "code"}, link)
    assert (bad["code"], good["url"]) == ("unprocessable_entity", "https://a.b/")


def test_a_failed_request_raises_the_errors_of_the_package(system: System) -> None:
    with pytest.raises(errors.Unauthorized):
        create(system, {"url": "https://a.b"}, token="nope")
    with pytest.raises(errors.Forbidden):
        create(system, {"url": "https://a.b"}, token=new_key(system, "--scopes", "read")["token"])
    before = system.sql("SELECT count(*) FROM links")
    with pytest.raises(errors.UnprocessableEntity, match="at most 100"):
        create(system, *[{"url": "https://a.b"}] * 101)
    with pytest.raises(errors.UnprocessableEntity):
        create(system)
    assert system.sql("SELECT count(*) FROM links") == before
    assert len(create(system, *[{"url": "https://a.b"}] * 100)) == 100


def test_too_many_calls_raise_the_rate_limit_error_of_the_package(system: System) -> None:
    token = new_key(system, "--workspace", "busy", "--plan", "pro")["token"]
    for _ in range(50):
        httpx.post(system.url + PATH, json=[], headers={"Authorization": f"Bearer {token}"})
    with pytest.raises(errors.RateLimitExceeded) as error:
        create(system, {"url": "https://a.b"}, token=token)
    assert int(error.value.headers["Retry-After"]) > 0


@pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"{", 400), (b"{}", 422), (b"null", 422), (b"5", 422)])
def test_a_body_that_is_not_an_array_has_an_error_in_the_shape_of_dub(system: System, body: bytes, status: int) -> None:
    answer = system.post(body, PATH)
    assert (answer.status_code, set(answer.json()), set(answer.json()["error"])) == (
        status, {"error"}, {"code", "message", "doc_url"},
    )  # fmt: skip


def test_request_models_of_the_package_are_accepted_too(system: System) -> None:
    created = create(system, operations.RequestBody(url="https://a.b", key="model-1", archived=False))
    assert created[0].key == "model-1"
