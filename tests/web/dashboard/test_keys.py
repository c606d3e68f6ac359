"""Keys on their page: made, shown once, used, revoked; the one that one is signed in with too."""

import httpx
import pytest

from tests.system import System
from tests.web.dashboard.browsing import Visit

pytestmark = pytest.mark.parametrize("system", ["postgresql"], indirect=True)


def new_token(system: System, name: str, *scopes: str) -> str:
    asked = {"name": name} | ({"scopes": scopes} if scopes else {})
    return str(system.client.post("/api/keys", json=asked).raise_for_status().json()["token"])


def test_a_key_is_made_shown_once_and_revoked(visit: Visit) -> None:
    page = visit.page
    visit.go("/app/keys")
    page.get_by_label("Name").fill("<b>content sync</b>")
    page.get_by_label("write").uncheck()
    page.get_by_role("button", name="Create key").click()
    page.get_by_text("won’t be shown again").wait_for()
    token = page.locator("[data-secret]").first.inner_text()
    asking = {"Authorization": f"Bearer {token}"}
    me = httpx.get(f"{visit.system.url}/api/me", headers=asking).json()["key"]
    assert (me["name"], me["scopes"]) == ("<b>content sync</b>", ["read"])
    page.get_by_role("link", name="Done").click()
    assert token not in page.content()
    page.get_by_role("link", name="Revoke <b>content sync</b>").click()
    assert "signed in with it" not in page.locator("main").inner_text()
    page.get_by_role("button", name="Revoke key").click()
    page.get_by_text("was revoked").wait_for()
    assert httpx.get(f"{visit.system.url}/api/me", headers=asking).status_code == 401


def test_who_revokes_his_own_key_is_told_and_signed_out(stranger: Visit) -> None:
    page = stranger.page
    stranger.sign_in(new_token(stranger.system, "mine"))
    stranger.go("/app/keys")
    row = page.get_by_role("row").filter(has_text="in use here")
    row.get_by_role("link", name="Revoke mine").click()
    assert "You are signed in with this key" in page.locator("main").inner_text()
    page.get_by_role("button", name="Revoke key").click()
    page.get_by_role("heading", name="Sign in").wait_for()


def test_who_may_only_look_sees_nothing_to_press_and_changes_nothing(stranger: Visit) -> None:
    page, system = stranger.page, stranger.system
    stranger.sign_in(new_token(system, "watcher", "read"))
    for path in ("/app/links", "/app/webhooks", "/app/keys", "/app/usage"):
        stranger.go(path)
        assert page.locator("main form[method=post]").count() == 0, path
    stranger.allowed = ("403",)
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    for path in ("/app/links", "/app/links/many", "/app/webhooks", "/app/webhooks/secret", "/app/keys", "/app/usage"):
        assert page.request.post(system.url + path, form={"csrf_token": token}).status == 403, path
