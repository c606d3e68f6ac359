"""Jobs and their pages in a browser: watched to the end, tried again, cancelled, undone, and read."""

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.system import System
from tests.waiting import wait_until
from tests.web.dashboard.browsing import PHONE, Visit, look_closely

pytestmark = pytest.mark.parametrize("system", ["postgresql"], indirect=True)

WAIT = {"Prefer": "wait=30"}
MIXED = "url,slug\nhttps://example.com/a,\nnope,\nhttps://example.com/b,api\nalso none,\n"


@pytest.fixture
def open_job(system: System) -> Iterator[dict[str, Any]]:
    """A job that misses a row nobody works on, until somebody sets it right."""
    job: dict[str, Any] = system.post({"links": [{"url": "https://a.b"}, {"url": "no"}]}, headers=WAIT).json()
    system.sql(f"UPDATE jobs SET status = 'running', total = 3, finished_at = NULL WHERE id = {job['id']}")
    yield job
    end(system, job)


def end(system: System, job: dict[str, Any]) -> None:
    system.sql(f"UPDATE jobs SET status = 'completed', total = 2, finished_at = created_at WHERE id = {job['id']}")


def mixed(system: System) -> dict[str, Any]:
    job: dict[str, Any] = system.post_csv(MIXED, headers=WAIT).json()
    return job


def page_of(job: dict[str, Any]) -> str:
    return f"/app/jobs/{job['id']}"


def test_a_job_is_watched_to_its_end(visit: Visit, open_job: dict[str, Any]) -> None:
    page = visit.page
    visit.go(page_of(open_job))
    expect(page.locator("#live")).to_have_attribute("data-by", "stream")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "67")
    assert page.title().startswith("67 % · ")
    visit.system.sql(f"UPDATE jobs SET total = 4 WHERE id = {open_job['id']}")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    expect(page.locator("[data-count=total]")).to_have_text("4")
    expect(page.locator("[data-code=INVALID_URL]")).to_be_visible()
    assert page.title().startswith("50 % · ")
    end(visit.system, open_job)
    expect(page.locator("#live")).to_have_attribute("data-open", "no")
    expect(page.get_by_role("link", name="Download failed rows")).to_be_visible()


def test_where_streams_are_cut_the_page_asks(visit: Visit, open_job: dict[str, Any]) -> None:
    page = visit.page
    visit.allowed = ("ERR_FAILED",)
    page.route("**/events", lambda route: route.abort())
    visit.go(page_of(open_job))
    expect(page.locator("#live")).to_have_attribute("data-by", "asking")
    visit.system.sql(f"UPDATE jobs SET total = 4 WHERE id = {open_job['id']}")
    expect(page.locator("[data-count=total]")).to_have_text("4")
    end(visit.system, open_job)
    expect(page.locator("#live")).to_have_attribute("data-open", "no")


def test_the_list_of_jobs_lives(visit: Visit, open_job: dict[str, Any]) -> None:
    visit.go("/app/jobs")
    row = visit.page.locator("tr", has_text=open_job["id"])
    expect(row.locator(".badge")).to_have_text("running")
    end(visit.system, open_job)
    expect(row.locator(".badge")).to_have_text("partial")


def test_without_scripts_the_page_comes_again_by_itself(without_scripts: Visit, open_job: dict[str, Any]) -> None:
    without_scripts.go(page_of(open_job))
    expect(without_scripts.page.locator("#state")).to_have_text("running")
    end(without_scripts.system, open_job)
    expect(without_scripts.page.locator("#state")).to_have_text("partial")


def test_failed_rows_stand_together_with_their_reason(visit: Visit) -> None:
    visit.go(page_of(mixed(visit.system)))
    card = visit.page.locator("[data-code=INVALID_URL]")
    expect(card.locator("[data-failed]")).to_have_text("2")
    expect(card).to_contain_text("http:// or https://")
    expect(card).to_contain_text("Line 3")
    expect(card).to_contain_text("nope")
    expect(visit.page.locator("[data-code=RESERVED_SLUG]")).to_contain_text("reserved for pages of this site")
    expect(visit.page.locator("[data-code=INTERNAL]")).to_be_hidden()


def test_rows_are_filtered_and_turned_over(visit: Visit) -> None:
    job = visit.system.post({"url": "https://a.b/", "count": 120}, headers=WAIT).json()
    page = visit.page
    visit.go(page_of(job))
    seen: list[str] = []
    for rows in (50, 50, 20):
        links = page.get_by_role("region", name="Rows", exact=True).locator("td:last-child a").all_inner_texts()
        assert len(links) == rows
        seen += links
        if rows == 50:
            page.get_by_role("link", name="Next page").click()
            page.get_by_role("link", name="First page").wait_for()
            page.wait_for_load_state()
    assert len(set(seen)) == 120
    page.get_by_label("Filter by status").get_by_role("link", name="Failed").click()
    expect(page.get_by_text("No rows match")).to_be_visible()


def test_what_failed_is_tried_again(visit: Visit) -> None:
    text = "url,slug\nhttps://example.com/a,pages-twice\nhttps://example.com/b,pages-twice\n"
    job = visit.system.post_csv(text, headers=WAIT).json()
    visit.go(page_of(job))
    visit.page.get_by_role("button", name="Retry failed rows").click()
    expect(visit.page.get_by_text("run 2")).to_be_visible()
    expect(visit.page.locator("#live")).to_have_attribute("data-open", "no")
    assert visit.system.job(job["id"])["counts"]["created"] == 1


def test_a_job_is_cancelled_by_keyboard_alone(visit: Visit, open_job: dict[str, Any]) -> None:
    page = visit.page
    visit.go(page_of(open_job))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=f"Cancel job {open_job['id']}?").wait_for()
    page.get_by_role("button", name="Cancel job").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The job is being cancelled.")
    expect(page.locator("#state")).to_have_text("cancelled")


def test_a_job_is_undone_and_forgotten_after_a_question(visit: Visit) -> None:
    job = mixed(visit.system)
    page = visit.page
    visit.go(page_of(job))
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Undo job").click()
    expect(page.get_by_text(f"Undoes job {job['id']}")).to_be_visible()
    expect(page.locator("#live")).to_have_attribute("data-open", "no")
    expect(page.locator("[data-count=deleted]")).to_have_text("1")
    visit.go(page_of(job))
    page.get_by_role("link", name="Delete job (keep links)").click()
    page.get_by_role("button", name="Delete job (keep links)").click()
    expect(page.get_by_role("status")).to_have_text("The job was deleted. Its links were kept.")
    visit.allowed = ("404",)
    assert visit.go(page_of(job)).status == 404


def test_what_cannot_be_done_is_said(visit: Visit) -> None:
    job = visit.system.post({"url": "https://a.b/", "count": 1}, headers=WAIT).json()
    visit.go(f"{page_of(job)}/cancel")
    visit.page.get_by_role("button", name="Cancel job").click()
    expect(visit.page.get_by_role("status")).to_contain_text("The job has ended")


def test_results_and_codes_are_downloaded(visit: Visit) -> None:
    visit.go(page_of(mixed(visit.system)))

    def downloaded(name: str) -> bytes:
        with visit.page.expect_download() as download:
            visit.page.get_by_role("link", name=name, exact=True).click()
        return download.value.path().read_bytes()

    assert len(list(csv.reader(io.StringIO(downloaded("Results, CSV").decode())))) == 5
    assert len(downloaded("Results, NDJSON").splitlines()) == 4
    assert len(list(csv.reader(io.StringIO(downloaded("Download failed rows").decode())))) == 4
    assert len(zipfile.ZipFile(io.BytesIO(downloaded("QR codes"))).namelist()) == 1


def test_short_links_are_copied(visit: Visit) -> None:
    job = mixed(visit.system)
    page = visit.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    (link,) = [item["short_url"] for item in visit.system.items(job, status="created")]
    for name in (f"Copy {link}", "Copy all short links"):
        visit.go(page_of(job))
        button = page.get_by_role("button", name=name)
        page.evaluate("navigator.clipboard.writeText('')")
        button.click()
        expect(page.get_by_text("Copied", exact=True)).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").strip() == link


def test_a_webhook_is_seen_and_sent_again(visit: Visit) -> None:
    hook = {"webhook_url": "http://127.0.0.1:9/nobody"}
    job = visit.system.post({"url": "https://a.b/", "count": 1, **hook}, headers=WAIT).json()
    # The first attempt comes first: its end would make the delivery pending again.
    wait_until(lambda: visit.system.sql(f"SELECT 1 FROM deliveries WHERE job_id = {job['id']} AND attempts > 0"))
    visit.system.sql(f"UPDATE deliveries SET status = 'failed', next_at = NULL WHERE job_id = {job['id']}")
    visit.go(page_of(job))
    row = visit.page.locator("tr", has_text="127.0.0.1:9/nobody")
    expect(row).to_contain_text("job.completed")
    row.get_by_role("button", name="Send again").click()
    expect(visit.page.get_by_role("status")).to_have_text("The webhook is being sent again.")
    expect(visit.page.locator("tr", has_text="127.0.0.1:9/nobody").locator(".badge")).to_have_text("pending")


def test_the_pages_of_jobs_hinder_nobody(visit: Visit, open_job: dict[str, Any]) -> None:
    job = mixed(visit.system)
    for path in ("/app/jobs", "/app/jobs?status=failed", page_of(job), page_of(open_job), f"{page_of(job)}/undo"):
        look_closely(visit, path)


def test_on_a_phone_a_row_is_a_card(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit.go(page_of(mixed(visit.system)))
    cell = visit.page.locator("td[data-label=URL]").first
    assert "URL" in str(cell.evaluate("cell => getComputedStyle(cell, '::before').content"))
    expect(cell).to_be_visible()
