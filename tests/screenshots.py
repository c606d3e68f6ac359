"""`make screenshots`: a system with presentable data, and a picture of every page in docs/screenshots."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright

from tests import ROOT
from tests.system import System, running_system
from tests.web.dashboard.browsing import FLAGS, NAMES, PHONE, WIDE, visiting

FOLDER = ROOT / "docs" / "screenshots"
WAIT = {"Prefer": "wait=30"}
VISITS = (7, 4, 9, 3, 5)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

PAGES = (
    ("sign-in", "/app/sign-in"),
    ("overview", "/app/overview"),
    ("upload", "/app/upload"),
    ("jobs", "/app/jobs"),
    ("job", "/app/jobs/{job}"),
    ("links", "/app/links"),
    ("link", "/app/links/{link}"),
    ("domains", "/app/domains"),
    ("labels", "/app/labels"),
    ("webhooks", "/app/webhooks"),
    ("keys", "/app/keys"),
    ("usage", "/app/usage"),
    ("api", "/docs"),
    ("visitor-password", "/{protected}"),
    ("visitor-preview", "/{slug}+"),
)
"""The name of each picture, and the path of its page with the ids that `fill` returns."""
DARK = ("job",)
ON_A_PHONE = ("job", "links")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="linkmill-") as name:
        folder = Path(name)
        with running_system(folder, f"sqlite:///{folder}/linkmill.db", ALLOW_PRIVATE_TARGETS="1") as system:
            take_all(system, fill(system))


def take_all(system: System, ids: dict[str, str]) -> None:
    paths = {name: path.format(**ids) for name, path in PAGES}
    program = next(filter(None, map(shutil.which, NAMES)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        for name, path in paths.items():
            take(browser, system, name, path)
        for name in DARK:
            take(browser, system, f"{name}-dark", paths[name], color_scheme="dark")
        for name in ON_A_PHONE:
            take(browser, system, f"{name}-phone", paths[name], viewport=PHONE)
        browser.close()


def fill(system: System) -> dict[str, str]:
    """Create a shop's spring campaign, in which a few rows fail; return the ids for the paths."""
    names = ("linen-shirt", "garden-chair", "espresso-cup", "rain-jacket", "desk-lamp", "tea-towel", "wool-socks")
    rows = [
        f"https://shop.example/{name}/{n},{name.replace('-', ' ').title()} {n}" for n in range(180) for name in names
    ]
    broken = [f"shop.example/{names[n]},No scheme" for n in range(5)] + ["https://,Nothing", ",Empty"]
    text = "\n".join(["url,title", *rows[:600], *broken, *rows[600:]])
    job = system.post_csv(
        text, params={"name": "spring-sale.csv", "webhook_url": "http://127.0.0.1:9/hooks"}, headers=WAIT
    ).json()
    system.post({"url": "https://shop.example/voucher", "count": 500}, headers=WAIT).raise_for_status()
    system.post_csv("url\nhttps://shop.example/a\n", params={"dry_run": "true"}, headers=WAIT).raise_for_status()
    system.post({"url": "http://127.0.0.1:9/campaigns"}, "/api/webhooks").raise_for_status()
    system.post({"name": "campaigns", "scopes": ["read"]}, "/api/keys").raise_for_status()
    linked = {"url": "https://shop.example/spring", "slug": "spring", "title": "Spring sale", "tags": ["spring"]}
    link = system.post(linked, "/api/links").raise_for_status().json()
    system.post({"url": "https://shop.example/x", "slug": "insiders", "password": "spring"}, "/api/links")
    visit(system, [*(item["slug"] for item in system.items(job, status="created")[: len(VISITS)]), "spring"])
    return {"job": str(job["id"]), "link": link["id"], "slug": "spring", "protected": "insiders"}


def visit(system: System, slugs: list[str]) -> None:
    with httpx.Client(
        base_url=system.url, headers={"User-Agent": BROWSER, "Referer": "https://news.example/"}
    ) as client:
        for slug, times in zip(slugs, (*VISITS, 23), strict=True):
            for _ in range(times):
                client.get(f"/{slug}")


def take(browser: Browser, system: System, name: str, path: str, **look: Any) -> None:
    with visiting(browser, system, viewport=look.pop("viewport", WIDE), **look) as visit:
        visit.allowed = ("",)  # complaints of the browser are for the tests
        if path.startswith("/app") and "sign-in" not in path:
            visit.sign_in(system.key["token"])
        visit.go(path)
        visit.page.wait_for_timeout(500)
        visit.page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    main()
