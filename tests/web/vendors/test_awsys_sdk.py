"""The official `awsysco` package, unchanged, against a running system."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from awsysco import (
    AsyncClient,
    AwsysAuthError,
    AwsysConflictError,
    AwsysForbiddenError,
    AwsysValidationError,
    Client,
    GeoRestriction,
    RoutingRule,
)

from tests.system import System
from tests.web.commands import new_key

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # about plain HTTP, and about a key that is not AWSYS's


@pytest.fixture
def sdk(system: System) -> Iterator[Client]:
    with Client(api_key=system.key["token"], base_url=system.url) as client:
        yield client


def bulk(system: System, *urls: Any, **more: Any) -> httpx.Response:
    return system.post({"urls": list(urls)}, "/api/v1/bulk", **more)


def destination(url: str | None) -> str:
    assert url
    return httpx.get(url).headers["Location"]


def test_the_example_of_the_readme_creates_two_links(sdk: Client) -> None:
    answer = sdk.bulk.create(
        [{"url": "https://example.com/page-1"}, {"url": "https://example.com/page-2", "custom_slug": "sdk-page-two"}]
    )
    assert (answer.created, answer.failed) == (2, 0)
    assert [(link.success, link.error) for link in answer.results] == [(True, None)] * 2
    for number, link in enumerate(answer.results, 1):
        assert link.long == destination(link.short_url) == f"https://example.com/page-{number}"
    assert str(answer.results[1].short_url).endswith("/sdk-page-two")


def test_the_async_client_works_too(system: System) -> None:
    async def create() -> Any:
        async with AsyncClient(api_key=system.key["token"], base_url=system.url) as client:
            return await client.bulk.create([{"url": "https://example.com/async"}, {"url": "nonsense"}])

    with ThreadPoolExecutor(1) as pool:  # the tests' browser has an event loop in this thread
        answer = pool.submit(asyncio.run, create()).result()
    assert (answer.created, answer.failed) == (1, 1)
    assert destination(answer.results[0].short_url) == "https://example.com/async"


def test_every_field_of_the_sdk_is_stored(system: System, sdk: Client) -> None:
    item = {"url": "https://a.b/", "custom_slug": "sdk-all", "expires_at": "2031-02-03T04:05:06Z", "max_clicks": 2}
    assert sdk.bulk.create([item]).created == 1
    ((expires, clicks),) = system.sql("SELECT expires_at, max_clicks FROM links WHERE slug = 'sdk-all'")
    assert (str(expires)[:19], clicks) == ("2031-02-03 04:05:06", 2)


def test_a_failed_link_has_an_error_code(sdk: Client) -> None:
    sdk.bulk.create([{"url": "https://a.b/", "custom_slug": "sdk-taken"}])
    answer = sdk.bulk.create(
        [
            {"url": "https://a.b/", "custom_slug": "sdk-taken"},
            {"url": "https://a.b/é"},
            {"url": "javascript:alert(1)"},
            {"url": None},
            {"url": "https://a.b/", "max_clicks": "many"},
        ]
    )
    assert (answer.created, answer.failed) == (1, 4)
    codes = ["SLUG_TAKEN", None, "INVALID_URL", "INVALID_URL", "INVALID_TYPE"]
    assert [(link.success, link.error) for link in answer.results] == [(code is None, code) for code in codes]
    assert answer.results[0].short_url is None
    assert destination(answer.results[1].short_url) == "https://a.b/%C3%A9"


def test_the_answer_has_the_shape_that_the_sdks_test(system: System) -> None:
    answer = bulk(system, {"url": "https://a.example/"}, {"url": "https://b.example/", "customSlug": "!"})
    body = answer.json()
    assert (answer.status_code, set(body), body["success"]) == (200, {"success", "summary", "results"}, True)
    assert body["summary"] == {"total": 2, "created": 1, "failed": 1}
    good, bad = body["results"]
    assert good == {
        "success": True,
        "url": "https://a.example/",
        "long": "https://a.example/",
        "shortCode": good["shortCode"],
        "shortUrl": f"{system.url}/{good['shortCode']}",
    }
    assert set(bad) == {"success", "url", "long", "error", "message"}
    assert (bad["success"], bad["url"], bad["error"]) == (False, "https://b.example/", "INVALID_SLUG")


@pytest.mark.parametrize("item", [5, None, "https://a.b/", [], {}, {"url": 5}, {"url": ["x"]}, {"url": {}}])
def test_a_malformed_link_fails_alone(system: System, item: Any) -> None:
    answer = bulk(system, item, {"url": "https://a.b/"})
    assert answer.status_code == 200
    assert [result["success"] for result in answer.json()["results"]] == [False, True]


def test_null_means_absent_and_unknown_fields_are_ignored(system: System) -> None:
    fields = {"customSlug": None, "expiresAt": None, "maxClicks": None, "password": None, "ogMeta": None, "new": "x"}
    harmless = {"geoRestriction": {}, "routingRules": [], "passAdClickIds": False, "folderId": "f1"}
    assert bulk(system, {"url": "https://a.b/"} | fields | harmless).json()["summary"]["created"] == 1


@pytest.mark.parametrize(
    "option",
    [
        {"geo_restriction": GeoRestriction(blocked_countries=["FR"])},
        {"routing_rules": [RoutingRule(country="FR", redirect_url="https://c.d/")]},
        {"og_meta": {"title": "x"}},
        {"pass_ad_click_ids": True},
    ],
)
def test_a_field_that_linkmill_cannot_follow_is_refused(sdk: Client, option: dict[str, Any]) -> None:
    with pytest.raises(AwsysValidationError, match="is not supported") as refused:
        sdk.links.create("https://a.b/", **option)
    assert refused.value.code == "UNKNOWN_FIELD"


@pytest.mark.parametrize("number", [0, -1, 10**30, -(10**30), 1.5, True])
def test_a_number_out_of_range_fails_only_its_link(system: System, number: float) -> None:
    answer = bulk(system, {"url": "https://a.b/", "maxClicks": number})
    assert (answer.status_code, answer.json()["summary"]["failed"]) == (200, 1)


def test_a_call_may_have_a_thousand_links_and_no_more(system: System, sdk: Client) -> None:
    urls = [{"url": f"https://example.com/{number}"} for number in range(1001)]
    assert sdk.bulk.create(urls[:1000]).created == 1000
    before = system.sql("SELECT count(*) FROM links")
    with pytest.raises(AwsysValidationError) as refused:
        sdk.bulk.create(urls)
    assert refused.value.code == "TOO_MANY_LINKS"
    assert system.sql("SELECT count(*) FROM links") == before


def test_a_wrong_key_raises_the_auth_error_of_the_sdk(system: System) -> None:
    with Client(api_key="awsys_nope", base_url=system.url) as client, pytest.raises(AwsysAuthError) as refused:
        client.bulk.create([{"url": "https://a.b/"}])
    assert (refused.value.status, refused.value.code) == (401, "INVALID_TOKEN")


def test_a_read_only_key_is_forbidden(system: System) -> None:
    token = new_key(system, "--scopes", "read")["token"]
    with Client(api_key=token, base_url=system.url) as client, pytest.raises(AwsysForbiddenError) as refused:
        client.bulk.create([{"url": "https://a.b/"}])
    assert refused.value.code == "FORBIDDEN"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"urls": {}}', b'{"urls": []}', b'{"links": []}'])
def test_a_malformed_body_is_a_validation_error(system: System, body: bytes) -> None:
    answer = system.post(body, "/api/v1/bulk")
    assert (answer.status_code, answer.json()["error"]) == (400, True)
    assert set(answer.json()) == {"error", "code", "message"}


def test_one_link_has_a_call_of_its_own(sdk: Client, system: System) -> None:
    link = sdk.links.create("https://example.com/one", custom_slug="sdk-one", max_clicks=9, tags=["a", "b"])
    assert (link.short_code, link.short_url) == ("sdk-one", f"{system.url}/sdk-one")
    assert (link.long, link.max_clicks, link.expires_at) == ("https://example.com/one", 9, None)
    assert str(link.created).endswith("Z")
    assert destination(link.short_url) == "https://example.com/one"
    with pytest.raises(AwsysConflictError) as conflict:
        sdk.links.create("https://example.com/one", custom_slug="sdk-one")
    assert conflict.value.code == "SLUG_TAKEN"
    with pytest.raises(AwsysValidationError):
        sdk.links.create("nonsense")
