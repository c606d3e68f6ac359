"""Texts of users that would like to be more than text: shown to the letter, and nothing happens."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.dashboard.browsing import PHONE, Visit, look_closely

NAUGHTY = (Path(__file__).parent / "naughty.txt").read_text().removesuffix("\n").split("\n")


@pytest.mark.parametrize("system", ["postgresql"], indirect=True)
def test_every_text_is_shown_as_text(visit: Visit) -> None:
    system, page = visit.system, visit.page
    links = [{"url": f"https://example.com/{n}", "title": text} for n, text in enumerate(NAUGHTY)]
    refused = [{"url": text} for text in NAUGHTY]
    body = {"links": links + refused, "metadata": {text: text for text in NAUGHTY}}
    job = system.post(body, headers={"Prefer": "wait=30"}).raise_for_status().json()
    failed = [str(item["url"]) for item in system.items(job, status="failed")]
    assert len(failed) > 100
    visit.go(f"/app/jobs/{job['id']}?status=failed")
    assert page.locator("details dd").evaluate_all("all => all.map(one => one.textContent)")[-len(NAUGHTY) :] == NAUGHTY
    assert pages_of(page, "td[data-label=URL]") == failed
    titles = {link["title"] for link in listed(visit, job)}
    assert len(titles) > 100
    visit.go(f"/app/links?job={job['id']}")
    shown = "\n".join(pages_of(page, "main"))
    assert [title for title in titles if title not in shown] == []
    look_closely(visit, f"/app/jobs/{job['id']}")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit.go(f"/app/links?job={job['id']}")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def listed(visit: Visit, job: dict[str, Any]) -> list[dict[str, Any]]:
    query = {"job": job["id"], "limit": 1000}
    found: list[dict[str, Any]] = visit.system.client.get("/api/links", params=query).json()["items"]
    return found


def pages_of(page: Page, what: str) -> list[str]:
    """The texts of some parts of a list's pages, and of the values in its fields."""
    found: list[str] = []
    while True:
        found += page.locator(what).evaluate_all("all => all.map(one => one.textContent)")
        onward = page.locator("a[rel=next]")
        if not onward.count():
            return found
        page.goto(page.evaluate("document.querySelector('a[rel=next]').href"))
