"""Links on their pages: made, found, changed, and many at once."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.system import System
from tests.web.commands import client, new_key
from tests.web.dashboard.browsing import Visit

pytestmark = pytest.mark.parametrize("system", ["postgresql"], indirect=True)

HOSTILE = '"><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def key(system: System) -> dict[str, Any]:
    return new_key(system, "--workspace", "links of pages", "--plan", "enterprise")


@pytest.fixture
def own(stranger: Visit, key: dict[str, Any]) -> Iterator[Visit]:
    """Somebody who is signed in to a workspace in which there are no links."""
    stranger.sign_in(key["token"])
    with client(stranger.system, key) as found:
        for link in found.get("/api/links").json()["items"]:
            found.delete(f"/api/links/{link['id']}").raise_for_status()
        stranger.system = replace(stranger.system, client=found)
        yield stranger


def flash(page: Page) -> str:
    return page.get_by_role("status").inner_text()


def slugs(page: Page) -> list[str]:
    return sorted(page.locator('input[name="link"]').evaluate_all("boxes => boxes.map(box => box.ariaLabel)"))


def test_a_link_is_made_changed_and_deleted(own: Visit) -> None:
    page, system = own.page, own.system
    own.go("/app/links")
    assert page.get_by_text("There are no links yet").is_visible()
    page.get_by_label("Destination").fill("https://example.com/spring?a=1")
    page.get_by_label("Slug").fill("pages-spring")
    page.get_by_text("More options").click()
    page.get_by_label("Title").fill(HOSTILE)
    page.get_by_label("Tags").first.fill("spring, mail")
    page.get_by_label("Expires").fill("2031-05-01T12:30")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Create link").click()
    page.get_by_role("heading", level=1).wait_for()
    assert flash(page) == f"{system.url}/pages-spring was created."
    link = system.client.get("/api/links").json()["items"][0]
    assert (link["title"], link["tags"], link["expires_at"][:16]) == (HOSTILE, ["mail", "spring"], "2031-05-01T12:30")
    assert page.get_by_role("heading", level=1).inner_text() == HOSTILE
    page.get_by_label("Title").fill("Spring")
    page.get_by_label("Tags").fill("")
    page.get_by_label("Remove the password").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Spring", level=1).wait_for()
    after = system.client.get(f"/api/links/{link['id']}").json()
    assert after == link | {"title": "Spring", "tags": [], "protected": False}
    page.get_by_role("button", name="Disable").click()
    page.get_by_text("disabled", exact=True).wait_for()
    assert system.client.get(f"/api/links/{link['id']}").json()["status"] == "disabled"
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete link").click()
    page.get_by_text("was deleted").wait_for()
    assert system.client.get("/api/links").json()["items"] == []


def test_what_is_wrong_is_said_beside_its_field(own: Visit) -> None:
    page = own.page
    own.allowed = ("422",)
    own.go("/app/links")
    page.get_by_label("Destination").fill("nowhere")
    page.get_by_label("Slug").fill("kept as it is")
    page.get_by_role("button", name="Create link").click()
    page.locator("#fault-url").wait_for()
    field = page.get_by_label("Destination")
    assert field.get_attribute("aria-invalid") == "true"
    assert "fault-url" in (field.get_attribute("aria-describedby") or "")
    assert page.get_by_label("Slug").input_value() == "kept as it is"


def test_links_are_found_and_exported(own: Visit) -> None:
    page, system = own.page, own.system
    system.client.post("/api/groups", json={"name": "G & H"}).raise_for_status()
    rows = [
        {"url": f"https://a.b/{at}", "slug": f"pages-{at}", "tags": ["odd" if at % 2 else "even"]} for at in range(6)
    ]
    rows[5] |= {"title": "=1+1", "group": "G & H"}
    job = system.wait_for_job(system.post({"links": rows}))
    for query, found in (
        ("search=B/4", ["pages-4"]), ("tag=odd", ["pages-1", "pages-3", "pages-5"]), ("group=G+%26+H", ["pages-5"]),
        (f"job={job['id']}", [f"pages-{at}" for at in range(6)]), ("status=disabled", []),
    ):  # fmt: skip
        own.go(f"/app/links?{query}")
        assert slugs(page) == found, query
    own.go("/app/links")
    page.get_by_label("Tag", exact=True).fill("odd")
    page.get_by_role("button", name="Apply").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert sorted(line["slug"] for line in lines) == ["pages-1", "pages-3", "pages-5"]
    assert {line["title"] for line in lines} == {"", "'=1+1"}


def test_a_page_of_links_is_worked_by_keyboard(own: Visit) -> None:
    page, system = own.page, own.system
    system.client.post("/api/links", json={"url": "https://a.b/", "slug": "pages-keys"}).raise_for_status()
    own.go("/app/links")
    page.get_by_label("pages-keys", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Disable").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Disable 1 link").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Downloads").wait_for()
    own.go("/app/links")
    page.get_by_role("link", name="pages-keys").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Analytics").wait_for()
