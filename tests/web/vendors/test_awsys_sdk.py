"""The official `awsysco` package, unchanged, against a running system."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from awsysco import AsyncClient, AwsysAuthError, AwsysConflictError, AwsysForbiddenError, AwsysValidationError, Client

from tests.system import System
from tests.web.commands import new_key

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of plain HTTP, and of a key of ours


@pytest.fixture
def sdk(system: System) -> Iterator[Client]:
    with Client(api_key=system.key["token"], base_url=system.url) as client:
        yield client


def wire(system: System, *urls: Any, **more: Any) -> httpx.Response:
    return system.post({"urls": list(urls)}, "/api/v1/bulk", **more)


def leads_to(url: str | None) -> str:
    assert url
    return httpx.get(url).headers["Location"]


def test_its_readme_example_makes_two_links(sdk: Client) -> None:
    made = sdk.bulk.create(
        [{"url": "https://example.com/page-1"}, {"url": "https://example.com/page-2", "custom_slug": "sdk-page-two"}]
    )
    assert (made.created, made.failed) == (2, 0)
    assert [(link.success, link.error) for link in made.results] == [(True, None)] * 2
    for place, link in enumerate(made.results, 1):
        assert link.long == leads_to(link.short_url) == f"https://example.com/page-{place}"
    assert str(made.results[1].short_url).endswith("/sdk-page-two")


def test_its_async_client_makes_the_same(system: System) -> None:
    async def create() -> Any:
        async with AsyncClient(api_key=system.key["token"], base_url=system.url) as client:
            return await client.bulk.create([{"url": "https://example.com/async"}, {"url": "nonsense"}])

    with ThreadPoolExecutor(1) as pool:  # the tests' browser has an event loop in this thread
        made = pool.submit(asyncio.run, create()).result()
    assert (made.created, made.failed) == (1, 1)
    assert leads_to(made.results[0].short_url) == "https://example.com/async"


def test_every_field_it_knows_has_its_effect(system: System, sdk: Client) -> None:
    item = {"url": "https://a.b/", "custom_slug": "sdk-all", "expires_at": "2031-02-03T04:05:06Z", "max_clicks": 2}
    assert sdk.bulk.create([item]).created == 1
    ((expires, clicks),) = system.sql("SELECT expires_at, max_clicks FROM links WHERE slug = 'sdk-all'")
    assert (str(expires)[:19], clicks) == ("2031-02-03 04:05:06", 2)


def test_an_item_fails_alone_and_says_of_what(sdk: Client) -> None:
    sdk.bulk.create([{"url": "https://a.b/", "custom_slug": "sdk-taken"}])
    made = sdk.bulk.create(
        [
            {"url": "https://a.b/", "custom_slug": "sdk-taken"},
            {"url": "https://a.b/é"},
            {"url": "javascript:alert(1)"},
            {"url": None},
            {"url": "https://a.b/", "max_clicks": "many"},
        ]
    )
    assert (made.created, made.failed) == (1, 4)
    codes = ["SLUG_TAKEN", None, "INVALID_URL", "INVALID_URL", "INVALID_TYPE"]
    assert [(link.success, link.error) for link in made.results] == [(code is None, code) for code in codes]
    assert made.results[0].short_url is None
    assert leads_to(made.results[1].short_url) == "https://a.b/%C3%A9"


def test_the_answer_has_the_shape_that_all_its_sdks_are_tested_with(system: System) -> None:
    answer = wire(system, {"url": "https://a.example/"}, {"url": "https://b.example/", "customSlug": "!"})
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
def test_an_item_that_makes_no_sense_fails_alone(system: System, item: Any) -> None:
    answer = wire(system, item, {"url": "https://a.b/"})
    assert answer.status_code == 200
    assert [result["success"] for result in answer.json()["results"]] == [False, True]


def test_null_is_as_good_as_absent_and_what_is_unknown_does_no_harm(system: System) -> None:
    fields = {"customSlug": None, "expiresAt": None, "maxClicks": None, "password": None, "ogMeta": {"title": "x"}}
    assert wire(system, {"url": "https://a.b/"} | fields).json()["summary"]["created"] == 1


@pytest.mark.parametrize("number", [0, -1, 10**30, -(10**30), 1.5, True])
def test_no_number_is_too_odd_for_an_answer(system: System, number: float) -> None:
    answer = wire(system, {"url": "https://a.b/", "maxClicks": number})
    assert (answer.status_code, answer.json()["summary"]["failed"]) == (200, 1)


def test_a_thousand_are_one_call_and_one_more_is_none(system: System, sdk: Client) -> None:
    urls = [{"url": f"https://example.com/{number}"} for number in range(1001)]
    assert sdk.bulk.create(urls[:1000]).created == 1000
    before = system.sql("SELECT count(*) FROM links")
    with pytest.raises(AwsysValidationError) as refused:
        sdk.bulk.create(urls)
    assert refused.value.code == "TOO_MANY_LINKS"
    assert system.sql("SELECT count(*) FROM links") == before


def test_a_wrong_key_is_its_auth_error(system: System) -> None:
    with Client(api_key="awsys_nope", base_url=system.url) as client, pytest.raises(AwsysAuthError) as refused:
        client.bulk.create([{"url": "https://a.b/"}])
    assert (refused.value.status, refused.value.code) == (401, "INVALID_TOKEN")


def test_a_key_that_only_reads_is_forbidden(system: System) -> None:
    token = new_key(system, "--scopes", "read")["token"]
    with Client(api_key=token, base_url=system.url) as client, pytest.raises(AwsysForbiddenError) as refused:
        client.bulk.create([{"url": "https://a.b/"}])
    assert refused.value.code == "FORBIDDEN"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"urls": {}}', b'{"urls": []}', b'{"links": []}'])
def test_a_body_that_makes_no_sense_is_its_validation_error(system: System, body: bytes) -> None:
    answer = system.post(body, "/api/v1/bulk")
    assert (answer.status_code, answer.json()["error"]) == (400, True)
    assert set(answer.json()) == {"error", "code", "message"}


def test_one_link_is_a_call_of_its_own(sdk: Client, system: System) -> None:
    link = sdk.links.create("https://example.com/one", custom_slug="sdk-one", max_clicks=9, tags=["a", "b"])
    assert (link.short_code, link.short_url) == ("sdk-one", f"{system.url}/sdk-one")
    assert (link.long, link.max_clicks, link.expires_at) == ("https://example.com/one", 9, None)
    assert str(link.created).endswith("Z")
    assert leads_to(link.short_url) == "https://example.com/one"
    with pytest.raises(AwsysConflictError) as taken:
        sdk.links.create("https://example.com/one", custom_slug="sdk-one")
    assert taken.value.code == "SLUG_TAKEN"
    with pytest.raises(AwsysValidationError):
        sdk.links.create("nonsense")
