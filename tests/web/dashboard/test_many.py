"""Many links at once (preview) is said first, a job does it, and its page has the undo."""

import csv
import io
import secrets
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page

from tests.system import System
from tests.web.commands import new_key
from tests.web.dashboard.browsing import Visit, look_around

pytestmark = pytest.mark.parametrize("system", ["postgresql"], indirect=True)


@pytest.fixture
def tag(own: Visit) -> str:
    """The tag of four links."""
    name = f"many-{secrets.token_hex(4)}"
    links = [{"url": f"https://a.b/{at}", "slug": f"{name}-{at}", "tags": [name]} for at in range(4)]
    own.system.wait_for_job(own.system.post({"links": links}))
    return name


@pytest.fixture
def own(visit: Visit) -> Visit:
    return visit


def links_of(system: System, tag: str) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = system.client.get("/api/links", params={"tag": tag}).json()["items"]
    return links


def wait_for_end(own: Visit) -> dict[str, Any]:
    """Wait for the job whose page is open; return it. The page loads itself again at the end of the job."""
    own.page.get_by_role("heading", name="Downloads").wait_for()
    return own.system.job(own.page.url.rpartition("/")[2])


def figures(page: Page) -> dict[str, str]:
    names = page.locator(".figures dt").all_inner_texts()
    return dict(zip(names, page.locator(".figures dd").all_inner_texts(), strict=True))


def test_all_links_that_match_are_disabled_after_a_look_and_enabled_by_the_undo(own: Visit, tag: str) -> None:
    page, system = own.page, own.system
    own.go(f"/app/links?tag={tag}")
    page.get_by_label("All 4 links that match").check()
    assert page.get_by_text("All selected").is_visible()
    page.get_by_role("button", name="Disable").click()
    page.get_by_role("heading", name="Disable 4 links?").wait_for()
    assert {link["status"] for link in links_of(system, tag)} == {"active"}
    assert figures(page) == {"Selected": "4", "Will change": "4", "No change": "0", "Will fail": "0"}
    assert page.get_by_text("disabled no → yes").count() == 4
    look_around(own, "review")
    page.get_by_role("button", name="Disable 4 links").click()
    job = wait_for_end(own)
    assert (job["kind"], job["name"], job["counts"]["updated"]) == ("update", "Disable links", 4)
    assert {link["status"] for link in links_of(system, tag)} == {"disabled"}
    assert figures(page)["Changed"] == "4"
    look_around(own, "job")
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Undo job").click()
    undo = wait_for_end(own)
    assert (undo["kind"], undo["counts"]["updated"]) == ("undo", 4)
    assert {link["status"] for link in links_of(system, tag)} == {"active"}


def test_selected_links_get_tags_a_group_and_an_expiry(own: Visit, tag: str) -> None:
    page, system = own.page, own.system
    own.allowed = ("422",)
    system.client.post("/api/groups", json={"name": f"group {tag}"}).raise_for_status()
    own.go(f"/app/links?tag={tag}")
    page.get_by_label("All on this page").check()
    page.get_by_label(f"{tag}-1", exact=True).uncheck()
    page.get_by_role("button", name="Tags, group, expiry").click()
    page.get_by_role("heading", name="Change 3 links").wait_for()
    page.get_by_role("button", name="Preview changes").click()
    page.get_by_text("Fill in at least one field").wait_for()
    look_around(own, "edit")
    page.get_by_label("Add tags").fill("new, newer")
    page.get_by_label("Group", exact=True).fill(f"group {tag}")
    page.get_by_label("Expires (UTC)").fill("2031-05-01T12:30")
    page.get_by_role("button", name="Preview changes").click()
    page.get_by_role("heading", name="Change 3 links?").wait_for()
    assert page.get_by_text("Add the tags: new, newer").is_visible()
    page.get_by_role("button", name="Change 3 links").click()
    wait_for_end(own)
    for link in links_of(system, tag):
        is_changed = link["slug"] != f"{tag}-1"
        assert link["tags"] == sorted([tag, "new", "newer"] if is_changed else [tag])
        expected = (f"group {tag}", "2031-05-01") if is_changed else (None, "")
        assert (link["group"], (link["expires_at"] or "")[:10]) == expected
    own.go(f"/app/links?tag={tag}")
    page.get_by_label("All 4 links that match").check()
    page.get_by_role("button", name="Tags, group, expiry").click()
    page.get_by_label("Never expire").check()
    page.get_by_label("Remove from their group").check()
    page.get_by_role("button", name="Preview changes").click()
    page.get_by_role("heading", name="Change 3 links?").wait_for()
    assert figures(page)["No change"] == "1"


def test_deleted_links_come_back(own: Visit, tag: str) -> None:
    page, system = own.page, own.system
    own.go(f"/app/links?tag={tag}")
    page.get_by_label("All 4 links that match").check()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete 4 links").click()
    wait_for_end(own)
    assert links_of(system, tag) == []
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Undo job").click()
    wait_for_end(own)
    assert figures(page)["Restored"] == "4"
    assert len(links_of(system, tag)) == 4


def test_selected_links_are_exported_and_drawn(own: Visit, tag: str) -> None:
    page = own.page
    own.go(f"/app/links?tag={tag}")
    page.get_by_label(f"{tag}-2", exact=True).check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    assert [row["slug"] for row in csv.DictReader(io.StringIO(download.value.path().read_text()))] == [f"{tag}-2"]
    page.get_by_label("All 4 links that match").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="QR codes").click()
    with ZipFile(download.value.path()) as codes:
        assert sorted(codes.namelist()) == [f"{index:07}-{tag}-{3 - index}.svg" for index in range(4)]


def test_others_links_are_not_there(own: Visit) -> None:
    page, system = own.page, own.system
    key = new_key(system, "--workspace", "another one")
    headers = {"Authorization": f"Bearer {key['token']}"}
    another = system.client.post("/api/links", json={"url": "https://a.b/"}, headers=headers).json()
    own.go("/app/links")
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    form = {"csrf_token": token, "action": "delete", "link": another["id"]}
    answer = page.request.post(f"{system.url}/app/links/many", form=form)
    assert "Nothing to change" in answer.text()
    assert "NOT_FOUND" in answer.text()
    change = '{"action": "delete", "fields": {}}'
    form = {"csrf_token": token, "change": change, "links": another["id"]}
    page.request.post(f"{system.url}/app/links/many/start", form=form)
    assert system.client.get(f"/api/links/{another['id']}", headers=headers).status_code == 200


def test_a_filter_that_cannot_be_read_never_means_all_links(own: Visit) -> None:
    own.go("/app/links")
    token = own.page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    for query in ("status=nothing", "tag=ä", "tag=\n"):
        form: dict[str, Any] = {"csrf_token": token, "action": "delete", "whole": "1", "query": query}
        assert own.page.request.post(f"{own.system.url}/app/links/many", form=form).status == 422


CARRIED = ["", "[]", "{}", '{"action": "create", "fields": {}}', '{"action": "update", "fields": {"url": 1}}']


@pytest.mark.parametrize("change", CARRIED)
def test_a_change_that_no_page_of_ours_carries_is_refused(own: Visit, change: str) -> None:
    own.go("/app/links")
    token = own.page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    form: dict[str, Any] = {"csrf_token": token, "change": change, "whole": "1"}
    assert own.page.request.post(f"{own.system.url}/app/links/many/start", form=form).status == 422
