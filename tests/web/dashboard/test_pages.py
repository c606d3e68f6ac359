"""The pages of links, webhooks, keys and usage, and the API's: each as it looks in all its forms."""

import pytest

from tests.system import System
from tests.web.dashboard.browsing import Visit, hindrances, look_closely

ONE_STORE = pytest.mark.parametrize("system", ["postgresql"], indirect=True)


@pytest.fixture
def paths(system: System) -> list[str]:
    link = system.post({"url": "https://example.com/a?b=1", "title": "A page", "tags": ["x"]}, "/api/links").json()
    endpoint = system.post({"url": "http://127.0.0.1:9/hook"}, "/api/webhooks").json()
    return [
        "/app/links",
        f"/app/links/{link['id']}",
        "/app/webhooks",
        f"/app/webhooks/{endpoint['id']}",
        "/app/keys",
        "/app/usage",
    ]


@ONE_STORE
def test_no_page_hinders_anybody(visit: Visit, paths: list[str]) -> None:
    for path in paths:
        look_closely(visit, path)


@ONE_STORE
def test_the_pages_need_no_scripts(without_scripts: Visit, paths: list[str]) -> None:
    for path in paths:
        answer = without_scripts.go(path)
        assert (answer.status, without_scripts.page.locator("main h1").count()) == (200, 1), path


@ONE_STORE
def test_no_page_for_visitors_hinders_anybody(stranger: Visit) -> None:
    stranger.allowed = ("401", "404", "410")
    links = [
        {"slug": "v-locked", "password": "x"}, {"slug": "v-shown", "title": "T"},
        {"slug": "v-over", "expires_at": "2020-01-01T00:00:00Z"},
    ]  # fmt: skip
    system, page = stranger.system, stranger.page
    system.wait_for_job(system.post({"links": [{"url": "https://a.b/"} | link for link in links]}))
    for path, status in (("/v-locked", 401), ("/v-shown+", 200), ("/v-over", 410), ("/v-none", 404)):
        assert stranger.go(path).status == status, path
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert hindrances(page) == [], (path, scheme)


@ONE_STORE
def test_the_api_is_shown_with_nothing_from_outside(stranger: Visit) -> None:
    page, asked = stranger.page, list[str]()
    page.on("request", lambda request: asked.append(request.url))
    stranger.go("/docs")
    page.locator(".opblock").first.wait_for()
    tags = {tag["name"] for tag in stranger.system.client.get("/openapi.json").json()["tags"]}
    shown = set(page.locator(".opblock-tag").evaluate_all("tags => tags.map(tag => tag.dataset.tag)"))
    assert shown >= tags | {"vendors", "short links"}
    page.locator("#operations-vendors-post_api_bulk, [id*='api_bulk']").first.locator("button").first.click()
    page.get_by_text("aHR0cHM6Ly9leGFtcGxlLmNvbS9wYWdlLTE=").first.wait_for()
    assert [url for url in asked if not url.startswith((stranger.system.url, "data:"))] == []
