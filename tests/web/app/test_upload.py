"""The upload's page: a file chosen, dragged or pasted, looked at beforehand, and sent with a bar."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.ground import System, ended, until
from tests.web.app.browsing import Visit
from web import sessions

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
JOB = re.compile(r"/app/jobs/(\d+)$")
NOWHERE = b"url,title\nhttps://example.com/1,One\nnowhere,Two\n"
FOREIGN = b"Where,Name,Old\nhttps://example.com/w,A name,https://example.com/old\n"
DROP = """(files) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([text], name));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: data}));
}"""
NAUGHTY = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'-alert(1)-'", "{{7*7}}", "${7*7}", "</select>",
    "&lt;b&gt;", "\u202eevil", "<svg/onload=alert(1)>", "javascript:alert(1)", "–\u0000–".replace("\u0000", ""),
)  # fmt: skip

one_store = pytest.mark.parametrize("system", ["sqlite"], indirect=True)


@pytest.fixture
def client(system: System) -> Iterator[httpx.Client]:
    """A program with somebody's session."""
    with httpx.Client(base_url=system.url, follow_redirects=True) as client:
        form = {"csrf_token": token_in(client.get("/app/sign-in")), "token": system.key["token"]}
        client.headers[sessions.TOKEN_HEADER] = token_in(client.post("/app/sign-in", data=form))
        yield client


def token_in(answer: httpx.Response) -> str:
    found = TOKEN.search(answer.text)
    assert found
    return found[1]


def choose(page: Page, content: bytes, name: str = "urls.csv") -> None:
    page.get_by_label("Drag a file here").set_input_files({"name": name, "mimeType": "", "buffer": content})


def chosen(visit: Visit, content: bytes, name: str = "urls.csv") -> Page:
    """The page with a file that was looked at."""
    visit.go("/app/upload")
    choose(visit.page, content, name)
    visit.page.get_by_role("heading", name="What was found").wait_for()
    return visit.page


def sent(visit: Visit) -> dict[str, Any]:
    """The job that the page leads to, when it has ended."""
    visit.page.get_by_role("button", name="Upload").click()
    visit.page.wait_for_url(JOB)
    found = JOB.search(visit.page.url)
    assert found
    return until(lambda: ended(visit.system.job(found[1])), what="the job to end")


def as_shown(page: Page, name: str) -> list[list[str]]:
    rows = page.get_by_role("region", name=name).locator("tbody tr")
    return [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows.all()]


def mapped(page: Page) -> dict[str, str]:
    selects = page.locator("#preview select")
    pairs = selects.evaluate_all("all => all.map(one => [JSON.parse(one.dataset.column), one.value])")
    return dict(pairs)


@one_store
def test_a_chosen_file_is_looked_at_and_then_becomes_a_job(visit: Visit) -> None:
    page = chosen(visit, NOWHERE)
    assert mapped(page) == {"url": "url", "title": "title"}
    shown = as_shown(page, "First rows")
    assert [row[0] for row in shown] == ["2", "3"]
    assert "a link" in shown[0][-1]
    assert "INVALID_URL" in shown[1][-1]
    assert "this is not a URL" in shown[1][-1]
    assert "1 would become links, 1 would fail" in page.get_by_role("status").all_inner_texts()[0]
    job = sent(visit)
    assert (job["counts"]["created"], job["counts"]["failed"], job["source"]) == (1, 1, "csv")


@one_store
def test_a_file_is_dropped_anywhere_on_the_page(visit: Visit) -> None:
    visit.go("/app/upload")
    visit.page.evaluate(DROP, [["a.csv", "url\nhttps://a.example"], ["b.csv", "url\nhttps://b.example"]])
    assert visit.page.get_by_role("alert").inner_text() == "One file at a time."
    visit.page.evaluate(DROP, [["a.csv", "url\nhttps://a.example"]])
    visit.page.get_by_text("1 would become links").first.wait_for()
    assert sent(visit)["counts"]["created"] == 1
