"""`make screenshots`: a system with presentable data, and a picture of every page in every look."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from playwright.sync_api import Browser, FilePayload, Page, sync_playwright

from tests import ROOT
from tests.system import System, running_system
from tests.web import commands
from tests.web.dashboard.browsing import FLAGS, NAMES, WIDE, visiting

FOLDER = ROOT / "docs" / "screenshots"
VISITS = (7, 4, 9, 3, 5)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
TOO_LONG = "url\nhttps://shop.example/a\n" + "x" * 5_500_000
PHONE = {"width": 390, "height": 844}

LOOKS: dict[str, dict[str, Any]] = {
    ".": {"viewport": WIDE},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark"},
}
"""The folder of the pictures of each look, and what the browser is set to. Only the first is kept in git."""
WHOLE_PAGES = ("dark", "phone", "phone-dark")
"""Looks whose pictures show what lies below the edge of the screen too."""


def choose_file(text: str) -> Callable[[Page], None]:
    """Return a step that chooses a file on the upload page and waits for its preview."""

    def step(page: Page) -> None:
        page.set_input_files("#file", FilePayload(name="spring-sale.csv", mimeType="text/csv", buffer=text.encode()))
        page.locator("#preview > *").first.wait_for()

    return step


def press(name: str, result: str) -> Callable[[Page], None]:
    """Return a step that presses a button and waits for a text of the next page."""

    def step(page: Page) -> None:
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_text(result).first.wait_for()

    return step


def review_links(page: Page) -> None:
    """Choose all links of the list that match, and ask to disable them."""
    page.get_by_label("All on this page").check()
    press("Disable", "Selected")(page)


class Picture(NamedTuple):
    """A picture: its name, the path of its page with the ids that `fill` returns, and what is done there."""

    name: str
    path: str
    step: Callable[[Page], None] | None = None


PICTURES = (
    Picture("overview", "/app/overview"),
    Picture("upload", "/app/upload"),
    Picture("upload-preview", "/app/upload", choose_file("url,title\nhttps://shop.example/a,A\nshop,No scheme\n")),
    Picture("upload-without-urls", "/app/upload", choose_file("Product,Price\nShirt,20\n")),
    Picture("jobs", "/app/jobs"),
    Picture("job", "/app/jobs/{job}"),
    Picture("job-unreadable", "/app/jobs/{unreadable}"),
    Picture("job-undo", "/app/jobs/{undo}"),
    Picture("job-dry-run", "/app/jobs/{dry_run}"),
    Picture("job-changes", "/app/jobs/{update}"),
    Picture("job-confirmation", "/app/jobs/{job}/undo"),
    Picture("links", "/app/links"),
    Picture("links-edit", "/app/links/many/edit?whole=1"),
    Picture("links-review", "/app/links", review_links),
    Picture("link", "/app/links/{link}"),
    Picture("domains", "/app/domains"),
    Picture("labels", "/app/labels"),
    Picture("webhooks", "/app/webhooks"),
    Picture("webhook", "/app/webhooks/{webhook}"),
    Picture("webhook-secret", "/app/webhooks", press("Create a new secret", "Copy it now")),
    Picture("keys", "/app/keys"),
    Picture("usage", "/app/usage"),
    Picture("error", "/app/jobs/none"),
)
EMPTY = tuple(
    Picture(f"{name}-empty", f"/app/{name}") for name in ("overview", "jobs", "links", "domains", "labels", "webhooks")
)
"""Pages as a new workspace has them."""
PUBLIC = (
    Picture("sign-in", "/app/sign-in"),
    Picture("api", "/docs"),
    Picture("visitor-password", "/insiders"),
    Picture("visitor-preview", "/spring+"),
    Picture("visitor-unknown", "/unknown"),
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="linkmill-") as name:
        folder = Path(name)
        with running_system(folder, f"sqlite:///{folder}/linkmill.db", ALLOW_PRIVATE_TARGETS="1") as system:
            take_all(system, fill(system))


def take_all(system: System, ids: dict[str, str]) -> None:
    program = next(filter(None, map(shutil.which, NAMES)))
    empty_workspace = commands.new_key(system, "--workspace", "new")
    pictures = [picture._replace(path=picture.path.format(**ids)) for picture in PICTURES]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        for look in LOOKS:
            take(browser, system, look, PUBLIC)
            take(browser, system, look, EMPTY, empty_workspace["token"])
            take(browser, system, look, pictures, system.key["token"])
        browser.close()


def take(browser: Browser, system: System, look: str, pictures: Sequence[Picture], token: str = "") -> None:
    """Take pictures as the owner of a token sees the pages, or as strangers do."""
    with visiting(browser, system, **LOOKS[look]) as visit:
        visit.allowed = ("",)  # complaints of the browser are for the tests
        if token:
            visit.sign_in(token)
        for picture in pictures:
            visit.go(picture.path)
            if picture.step:
                picture.step(visit.page)
            visit.page.wait_for_load_state("networkidle")
            path = FOLDER / look / f"{picture.name}.png"
            visit.page.screenshot(path=path, animations="disabled", full_page=look in WHOLE_PAGES)


def fill(system: System) -> dict[str, str]:
    """Create a shop's spring campaign, in which a few rows fail; return the ids for the paths."""
    ids = create_jobs(system)
    endpoint = system.post({"url": "http://127.0.0.1:9/campaigns"}, "/api/webhooks").raise_for_status().json()
    system.post(path=f"/api/webhooks/{endpoint['id']}/test").raise_for_status()
    system.post({"name": "campaigns", "scopes": ["read"]}, "/api/keys").raise_for_status()
    system.post({"hostname": "go.shop.example"}, "/api/domains").raise_for_status()
    system.post({"name": "newsletter"}, "/api/groups").raise_for_status()
    linked = {"url": "https://shop.example/spring", "slug": "spring", "title": "Spring sale", "tags": ["spring"]}
    link = system.post(linked, "/api/links").raise_for_status().json()
    system.post({"url": "https://shop.example/x", "slug": "insiders", "password": "spring"}, "/api/links")
    created = system.items(system.job(ids["job"]), status="created")
    visit_links(system, [*(item["slug"] for item in created[: len(VISITS)]), "spring"])
    return ids | {"link": link["id"], "webhook": endpoint["id"]}


def create_jobs(system: System) -> dict[str, str]:
    """Create a job of each kind, and return their ids."""
    names = ("linen-shirt", "garden-chair", "espresso-cup", "rain-jacket", "desk-lamp", "tea-towel", "wool-socks")
    rows = [
        f"https://shop.example/{name}/{n},{name.replace('-', ' ').title()} {n}" for n in range(180) for name in names
    ]
    broken = [f"shop.example/{names[n]},No scheme" for n in range(5)] + ["https://,Nothing", ",Empty"]
    text = "\n".join(["url,title", *rows[:600], *broken, *rows[600:]])
    vouchers = create_job(system, {"url": "https://shop.example/voucher", "count": 500, "tags": ["voucher"]})
    dry_run = create_job(system, "url\nhttps://shop.example/a\nshop\n", name="summer.csv", dry_run="true")
    unreadable = create_job(system, TOO_LONG, name="prices.csv")
    where = {"where": {"tag": "voucher"}, "set": {"group": "vouchers"}, "action": "update", "groups": "create"}
    update = create_job(system, where | {"name": "Group of the vouchers"})
    undo = system.wait_for_job(system.post(path=f"/api/jobs/{vouchers}/undo"))
    job = create_job(system, text, name="spring-sale.csv", webhook_url="http://127.0.0.1:9/hooks")
    return {"job": job, "dry_run": dry_run, "unreadable": unreadable, "update": update, "undo": str(undo["id"])}


def create_job(system: System, body: dict[str, Any] | str, **options: str) -> str:
    """Create a job from a JSON body or the text of a CSV file, wait for its end, and return its id."""
    response = system.post_csv(body, params=options) if isinstance(body, str) else system.post(body)
    return str(system.wait_for_job(response)["id"])


def visit_links(system: System, slugs: list[str]) -> None:
    headers = {"User-Agent": BROWSER, "Referer": "https://news.example/"}
    with httpx.Client(base_url=system.url, headers=headers) as client:
        for slug, times in zip(slugs, (*VISITS, 23), strict=True):
            for _ in range(times):
                client.get(f"/{slug}")


if __name__ == "__main__":
    main()
