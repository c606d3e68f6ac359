"""The pages of links, webhooks, keys and usage, and the API's: each as it looks in all its forms."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.system import System
from tests.waiting import wait_until
from tests.web.dashboard.browsing import PHONE, Visit, hindrances, look_closely

RENDER_MS = 30_000
"""Swagger UI shows an operation within half a second of a processor, of which a busy machine has little."""

ROW_PIXELS = 38
"""A line of text, its padding, its border, and a pixel for a badge or a button."""

ONE_STORE = pytest.mark.parametrize("system", ["postgresql"], indirect=True)


@pytest.fixture
def paths(system: System) -> list[str]:
    link = system.post({"url": "https://example.com/a?b=1", "title": "A page", "tags": ["x"]}, "/api/links").json()
    endpoint = system.post({"url": "http://127.0.0.1:9/hook"}, "/api/webhooks").json()
    return [
        "/app/overview",
        "/app/domains",
        "/app/labels",
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
def test_a_chart_is_read_by_keyboard(visit: Visit) -> None:
    link = visit.system.post({"url": "https://example.com/chart"}, "/api/links").json()
    for _ in range(2):
        httpx.get(link["short_url"], headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"})
    stats = f"/api/links/{link['id']}/stats"
    wait_until(lambda: visit.system.client.get(stats).json()["clicks"] == 2, what="the clicks to be counted")
    visit.go(f"/app/links/{link['id']}")
    visit.page.locator("[data-chart]").focus()
    visit.page.keyboard.press("ArrowLeft")
    expect(visit.page.locator("[data-value]")).to_contain_text("2 clicks")


@ONE_STORE
def test_keys_lead_to_the_search_and_to_the_upload(visit: Visit) -> None:
    visit.go("/app/jobs")
    visit.page.keyboard.press("/")
    expect(visit.page.get_by_label("Name")).to_be_focused()
    visit.page.keyboard.type("u")
    expect(visit.page.get_by_label("Name")).to_have_value("u")
    visit.page.get_by_label("Name").blur()
    visit.page.keyboard.press("u")
    visit.page.wait_for_url("**/app/upload")


@ONE_STORE
def test_after_an_action_the_focus_is_on_its_button_or_on_the_message(visit: Visit) -> None:
    visit.allowed = ("422",)
    link = visit.system.post({"url": "https://example.com/focus"}, "/api/links").json()
    visit.go(f"/app/links/{link['id']}")
    visit.page.get_by_role("button", name="Save").click()
    expect(visit.page.get_by_role("status").filter(has_text="was saved")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Save")).to_be_focused()
    visit.page.get_by_role("button", name="Disable").click()
    expect(visit.page.get_by_text("The link is disabled")).to_be_focused()
    visit.page.get_by_label("Destination").fill("nowhere")
    visit.page.get_by_role("button", name="Save").click()
    expect(visit.page.locator("[aria-invalid=true]")).to_be_focused()


@ONE_STORE
def test_on_a_phone_the_navigation_is_one_row(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit.go("/app/jobs")
    tops = visit.page.locator("nav a").evaluate_all("links => links.map(link => link.offsetTop)")
    assert len(set(tops)) == 1


@ONE_STORE
def test_on_a_phone_the_navigation_shows_where_one_is(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit.go("/app/usage")
    expect(visit.page.get_by_role("link", name="Usage")).to_be_in_viewport()


@ONE_STORE
def test_rows_are_one_line_high(visit: Visit, paths: list[str]) -> None:
    for path in ("/app/links", "/app/keys", "/app/usage"):
        visit.go(path)
        heights = visit.page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.offsetHeight)")
        assert heights, path
        assert max(heights) <= ROW_PIXELS, path


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
    page.locator("#operations-vendors-awsys_bulk_create").locator("button").first.click()
    page.get_by_text("aHR0cHM6Ly9leGFtcGxlLmNvbS9wYWdlLTE=").first.wait_for()
    assert [url for url in asked if not url.startswith((stranger.system.url, "data:"))] == []


@ONE_STORE
def test_the_first_request_on_the_docs_page_runs_as_it_stands(stranger: Visit) -> None:
    page, token = stranger.page, stranger.system.client.headers["Authorization"]
    page.route("**/api/jobs", lambda route: route.continue_(headers={**route.request.headers, "Authorization": token}))
    stranger.go("/docs")
    operation = page.locator("#operations-jobs-create_job")
    operation.locator("button").first.click(timeout=RENDER_MS)
    with page.expect_response("**/api/jobs", timeout=RENDER_MS) as answer:
        operation.locator("button.execute").click(timeout=RENDER_MS)
    assert answer.value.status == 202
    job = stranger.system.wait_for_job(stranger.system.client.get(f"/api/jobs/{answer.value.json()['id']}"))
    assert job["outcome"] == "succeeded"
