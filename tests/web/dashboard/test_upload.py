"""The upload's page: a file chosen, dragged or pasted, looked at beforehand, and sent with a bar."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.system import System, job_if_ended
from tests.waiting import wait_until
from tests.web.dashboard.browsing import Visit, look_around, look_closely
from tests.workbooks import openpyxl_workbook, xlsxwriter_workbook
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

one_store = pytest.mark.parametrize("system", ["postgresql"], indirect=True)


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
    visit.page.get_by_role("heading", name="Columns").wait_for()
    return visit.page


def sent(visit: Visit) -> dict[str, Any]:
    """The job that the page redirects to, when it has ended."""
    visit.page.get_by_role("button", name="Upload").click()
    visit.page.wait_for_url(JOB)
    found = JOB.search(visit.page.url)
    assert found
    return wait_until(lambda: job_if_ended(visit.system.job(found[1])), what="the job to end")


def as_shown(page: Page, name: str) -> list[list[str]]:
    rows = page.get_by_role("region", name=name).locator("tbody tr")
    return [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows.all()]


def mapped(page: Page) -> dict[str, str]:
    selects = page.locator("#preview select")
    pairs = selects.evaluate_all("all => all.map(one => [JSON.parse(one.dataset.column), one.value])")
    return dict(pairs)


@one_store
def test_a_chosen_file_is_looked_at_and_then_becomes_a_job(visit: Visit) -> None:
    page = chosen(visit, NOWHERE, "<b>urls.csv")
    assert mapped(page) == {"url": "url", "title": "title"}
    shown = as_shown(page, "First rows")
    assert [row[1] for row in shown] == ["2", "3"]
    assert "Will be created" in shown[0][0]
    assert "INVALID_URL" in shown[1][0]
    assert "This is not a URL" in shown[1][0]
    assert "1 will be created, 1 will fail" in page.get_by_role("status").all_inner_texts()[0]
    job = sent(visit)
    assert (job["counts"]["created"], job["counts"]["failed"], job["source"]) == (1, 1, "csv")
    assert (job["name"], job["metadata"]) == ("<b>urls.csv", {})
    page.get_by_text("<b>urls.csv").wait_for(state="attached")


@one_store
def test_a_file_is_dropped_anywhere_on_the_page(visit: Visit) -> None:
    visit.go("/app/upload")
    visit.page.evaluate(DROP, [["a.csv", "url\nhttps://a.example"], ["b.csv", "url\nhttps://b.example"]])
    assert visit.page.get_by_role("alert").inner_text() == "Upload one file at a time."
    visit.page.evaluate(DROP, [["a.csv", "url\nhttps://a.example"]])
    visit.page.get_by_text("1 will be created").first.wait_for()
    assert sent(visit)["counts"]["created"] == 1


@one_store
def test_pasted_urls_are_a_file_too(visit: Visit) -> None:
    visit.go("/app/upload")
    page = visit.page
    expect(page.get_by_role("button", name="Upload")).to_be_disabled()
    expect(page.locator("#why")).to_have_text("Choose a file or paste URLs first.")
    page.get_by_text("Or paste URLs", exact=True).click()
    page.get_by_label("One URL per line").fill("https://example.com/p1\nhttps://example.com/p2\nno\n")
    page.get_by_text("2 will be created, 1 will fail").first.wait_for()
    assert page.get_by_text("the first line is the first row").count() == 1
    assert page.get_by_role("alert").count() == 0
    assert sent(visit)["counts"]["created"] == 2


@one_store
def test_whoever_knows_better_says_which_column_is_which(visit: Visit) -> None:
    page = chosen(visit, FOREIGN)
    assert "No column is known to be the URL" in page.get_by_role("alert").inner_text()
    expect(page.get_by_role("button", name="Upload")).to_be_disabled()
    expect(page.locator("#why")).to_have_text("Choose the URL column first.")
    page.get_by_label("Where maps to").select_option("url")
    page.get_by_role("heading", name="The only row").wait_for()
    expect(page.get_by_role("button", name="Upload")).to_be_enabled()
    page.get_by_label("Old maps to").select_option("url")
    page.get_by_text("https://example.com/old").nth(1).wait_for()
    assert mapped(page) == {"Where": "", "Name": "", "Old": "url"}
    page.get_by_label("Where maps to").select_option("url")
    page.get_by_label("Name maps to").select_option("title")
    page.get_by_role("columnheader", name="title", exact=True).wait_for()
    job = sent(visit)
    assert job["mapping"] == {"url": "Where", "title": "Name"}
    (item,) = visit.system.items(job)
    assert item["url"] == "https://example.com/w"
    page = chosen(visit, FOREIGN)
    page.get_by_role("button", name="Use this mapping").click()
    page.get_by_role("heading", name="The only row").wait_for()
    assert mapped(page) == {"Where": "url", "Name": "title", "Old": ""}


@one_store
def test_a_column_that_was_taken_for_something_can_be_left_out(visit: Visit) -> None:
    page = chosen(visit, NOWHERE)
    page.get_by_label("title maps to").select_option("")
    page.get_by_role("columnheader", name="title", exact=True).wait_for(state="detached")
    assert sent(visit)["mapping"] == {"url": "url"}


@one_store
def test_what_was_found_out_can_be_said_otherwise(visit: Visit) -> None:
    page = chosen(visit, b"https://example.com/a;b,One\nhttps://example.com/c,Two\n")
    assert mapped(page) == {"column_1": "url", "column_2": ""}
    page.get_by_label("column_2 maps to").select_option("title")
    page.get_by_role("columnheader", name="title", exact=True).wait_for()
    page.get_by_text("File format").click()
    page.get_by_label("Delimiter").select_option("pipe")
    page.get_by_text("One column, UTF-8").wait_for()
    page.get_by_label("Delimiter").select_option("comma")
    page.get_by_label("column_2 maps to").select_option("title")
    page.get_by_role("columnheader", name="title", exact=True).wait_for()
    job = sent(visit)
    assert (job["mapping"], job["counts"]["created"]) == ({"url": "column_1", "title": "column_2"}, 2)


@one_store
def test_a_spreadsheet_and_a_dry_run(visit: Visit) -> None:
    rows = [["Long URL", "Back-half"], ["https://example.com/x", "of-sheet"], ["nowhere", ""]]
    page = chosen(visit, xlsxwriter_workbook(rows), "book.xlsx")
    assert page.get_by_text("The sheet “Links”").count() == 1
    assert mapped(page) == {"Long URL": "url", "Back-half": "slug"}
    page.get_by_label("Dry run").check()
    page.get_by_text("Defaults for empty cells").click()
    page.get_by_label("Slug", exact=True).fill("row-{row}")
    page.get_by_label("Tags").fill("spring, mail")
    page.get_by_label("Tags").blur()
    page.get_by_role("cell", name="spring, mail").first.wait_for()
    job = sent(visit)
    assert (job["dry_run"], job["counts"]["created"], job["counts"]["failed"]) == (True, 1, 1)
    assert visit.system.client.get("/api/links", params={"job": job["id"]}).json()["items"] == []


@one_store
def test_a_sheet_of_several_is_chosen_and_dates_that_may_mean_two_days_are_asked_about(visit: Visit) -> None:
    links = [["Site", "Expires"], ["example.com/x", "01/02/2040"]]
    page = chosen(visit, openpyxl_workbook(Notes=[["Where", "Old"], ["x", "y"]], Links=links), "book.xlsx")
    assert "No column is known to be the URL" in page.get_by_role("alert").inner_text()
    page.get_by_label("Sheet", exact=True).select_option("Links")
    page.get_by_text("File format", exact=True).click()
    page.get_by_label("URLs without https://").select_option("https")
    page.get_by_role("alert").filter(has_text="The dates of the column 'Expires' are ambiguous").wait_for()
    page.get_by_label("Date order").select_option("day-first")
    page.get_by_text("Dates in “Expires” are read as DD/MM/YYYY.").wait_for()
    page.get_by_label("Job name").fill("Spring sale")
    job = sent(visit)
    assert (job["name"], job["counts"]["created"]) == ("Spring sale", 1)
    assert job["format"] == {"sheet": "Links", "header": True, "dates": {"expires_at": "DD/MM/YYYY"}}
    page.get_by_role("heading", name="Spring sale").wait_for()
    page.get_by_text("Details").click()
    page.get_by_text("dates of expires at").wait_for()


@one_store
def test_a_json_file_is_looked_at_too(visit: Visit) -> None:
    page = chosen(visit, b'[\n{"url": "https://example.com/j1"},\n{"url": "nowhere"}\n]', "links.json")
    assert "1 will be created, 1 will fail" in page.get_by_role("status").all_inner_texts()[0]
    job = sent(visit)
    assert (job["source"], job["name"], job["counts"]["created"]) == ("json", "links.json", 1)


@one_store
def test_the_look_says_of_each_row_what_its_job_says(client: httpx.Client, system: System) -> None:
    rows = "https://a.b,x y,\nhttps://a.b,,\nno,,\nhttps://a.b\nhttps://a.b,,z\nhttps://a.b,,7\n,,\n"
    file = {"file": ("a.csv", f"url,slug,ttl\n{rows}")}
    look = client.post("/app/upload/preview", files=file, data={"whole": "1"}).text
    job = system.wait_for_job(system.post(path="/api/jobs", files=file, data={"dry_run": "true"}))
    seen = re.findall(r"badge (?:failed|created)\">([^<]+)</span>", look)
    told = [item["error"]["code"] if item["error"] else "Will be created" for item in system.items(job)]
    assert seen == told


@one_store
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"%PDF-1.7\nx", "a PDF"), (b"", "The file is empty."), (b"PK\x03\x04x", "not a spreadsheet, or it is damaged"),
     (b"\xd0\xcf\x11\xe0x", "Save it as .xlsx"), (b"url\n", "no rows"),
     (b'{"url": "https://a.b"}', "JSON object per line")],
)  # fmt: skip
def test_a_file_that_is_none_is_called_by_its_name(client: httpx.Client, content: bytes, words: str) -> None:
    look = client.post("/app/upload/preview", files={"file": ("a.bin", content)}, data={"whole": "1"})
    assert (look.status_code, words in look.text) == (200, True), look.text


@one_store
def test_what_is_wrong_with_the_options_is_said_on_the_page(visit: Visit) -> None:
    page = chosen(visit, NOWHERE)
    page.get_by_text("Webhook when the job ends").click()
    page.get_by_label("Webhook URL").fill("ftp://example.com/")
    visit.allowed = ("422",)
    page.get_by_role("button", name="Upload").click()
    alert = page.get_by_role("alert").filter(has_text="http")
    alert.wait_for()
    assert page.get_by_role("button", name="Upload").is_enabled()
    page.get_by_label("Webhook URL").fill("")
    page.get_by_text("Defaults for empty cells").click()
    page.get_by_label("Slug", exact=True).fill("{nothing}")
    page.get_by_label("Tags").focus()
    page.get_by_role("alert").filter(has_text="slug: {nothing} is not a placeholder").wait_for()
    page.get_by_label("Slug", exact=True).fill("")
    page.get_by_label("Tags").focus()
    page.get_by_role("heading", name="The first 2 rows").wait_for()
    assert sent(visit)["counts"]["created"] == 1


@one_store
def test_a_bar_moves_while_the_file_goes_and_one_may_stop_it(visit: Visit) -> None:
    page = chosen(visit, b"url\n" + b"https://example.com/%s\n" % (b"x" * 1000) * 2000)
    before = newest(visit.system)
    wire = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
    wire.send("Network.emulateNetworkConditions", slow)
    page.get_by_role("button", name="Upload").click()
    bar = page.get_by_role("progressbar", name="Upload")
    first = wait_until(lambda: bar.evaluate("bar => bar.value") or None, what="the bar to move")
    wait_until(lambda: bar.evaluate("(bar, first) => bar.value > first", first), what="it to move on")
    assert " of 2.0 MB" in page.locator("#how-far").inner_text()
    page.get_by_role("button", name="Stop").click()
    assert page.get_by_role("alert").inner_text() == "The upload was stopped."
    assert not bar.is_visible()
    assert newest(visit.system) == before
    wire.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    assert sent(visit)["counts"]["created"] == 2000


@one_store
def test_an_upload_whose_answer_was_lost_is_not_made_twice(visit: Visit) -> None:
    page = chosen(visit, NOWHERE)
    before = newest(visit.system)
    visit.allowed = ("ERR_FAILED",)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/app/upload", lose, times=1)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("alert").filter(has_text="The connection was lost").wait_for()
    made = newest(visit.system)
    assert made != before
    assert sent(visit)["id"] == made


@one_store
def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit.page
    page.on("filechooser", lambda _: None)  # from now on none opens for real, also when the key is pressed early
    visit.go("/app/upload")
    press_until(page, "file")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files({"name": "a.csv", "mimeType": "text/csv", "buffer": FOREIGN})
    page.get_by_role("heading", name="Columns").wait_for()
    press_until(page, "column-1")
    page.keyboard.press("u")
    page.get_by_role("heading", name="The only row").wait_for()
    assert focused(page) == "column-1"
    press_until(page, "go")
    page.keyboard.press("Enter")
    page.wait_for_url(JOB)


@one_store
def test_without_scripts_the_form_does_it_alone(without_scripts: Visit) -> None:
    without_scripts.go("/app/upload")
    page = without_scripts.page
    choose(page, FOREIGN)
    page.get_by_text("File format").click()
    page.get_by_label("Column with the URLs").fill("Where")
    page.get_by_text("Defaults for empty cells").click()
    page.get_by_label("Slug", exact=True).fill("{nothing}")
    without_scripts.allowed = ("422",)
    page.get_by_role("button", name="Upload").click()
    assert "slug: {nothing} is not a placeholder" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Column with the URLs").input_value() == "Where"
    choose(page, FOREIGN)
    page.get_by_label("Slug", exact=True).fill("")
    assert sent(without_scripts)["mapping"] == {"url": "Where"}
    without_scripts.go("/app/upload")
    page.get_by_text("Or paste URLs", exact=True).click()
    page.get_by_label("One URL per line").fill("https://example.com/1\nhttps://example.com/2")
    assert sent(without_scripts)["counts"]["created"] == 2
    without_scripts.go("/app/upload")
    page.get_by_role("button", name="Upload").click()
    assert "Choose a file or paste some URLs" in page.get_by_role("alert").inner_text()


@one_store
def test_the_page_hinders_nobody(visit: Visit) -> None:
    look_closely(visit, "/app/upload")
    chosen(visit, NOWHERE + b"https://example.com/" + b"x" * 200 + b"," + b"y" * 200 + b"\n")
    visit.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    look_around(visit, "/app/upload with a file")


@one_store
def test_naughty_texts_are_shown_as_texts(visit: Visit) -> None:
    quoted = [text.replace('"', '""') for text in NAUGHTY]
    header = ",".join(f'"{text}"' for text in quoted)
    rows = "".join(f'https://example.com/,"{text}"{",One" * len(quoted)}\n' for text in quoted)
    page = chosen(visit, f"url,title,{header}\n{rows}".encode())
    shown = page.get_by_role("region", name="Columns").locator("tbody tr td:first-child").all_text_contents()
    assert shown == ["url", "title", *NAUGHTY]
    assert list(mapped(page)) == shown
    titles = page.get_by_role("region", name="First rows").locator("td[data-label=title]").all_text_contents()
    assert titles == list(NAUGHTY[: len(titles)])
    assert len(titles) == 10
    page.get_by_label(f"{NAUGHTY[1]} maps to").select_option("title")
    page.get_by_role("cell", name="One").first.wait_for()
    assert page.locator("#preview script, #preview img, #preview svg").count() == 0


@one_store
def test_a_key_that_may_only_look_sees_no_form(client: httpx.Client, system: System) -> None:
    made = system.post({"name": "looks", "scopes": ["read"]}, "/api/keys").json()
    with httpx.Client(base_url=system.url, follow_redirects=True) as looker:
        form = {"csrf_token": token_in(looker.get("/app/sign-in")), "token": made["token"]}
        token = token_in(looker.post("/app/sign-in", data=form))
        assert 'type="file"' not in looker.get("/app/upload").text
        headers = {sessions.TOKEN_HEADER: token}
        for path in ("/app/upload", "/app/upload/preview"):
            assert looker.post(path, files={"file": ("a.csv", "url\n")}, headers=headers).status_code == 403
    assert 'type="file"' in client.get("/app/upload").text


@one_store
def test_the_template_is_a_file_that_works(client: httpx.Client, system: System) -> None:
    template = client.get("/app/upload/template.csv")
    assert "attachment" in template.headers["Content-Disposition"]
    job = system.wait_for_job(system.post_csv(template.content))
    assert (job["counts"]["created"], job["counts"]["failed"]) == (1, 0)


def newest(system: System) -> str:
    return str(system.client.get("/api/jobs", params={"limit": 1}).json()["items"][0]["id"])


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def press_until(page: Page, wanted: str, most: int = 60) -> None:
    """The Tab key, as often as it takes."""
    for _ in range(most):
        if focused(page) == wanted:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not lead to {wanted}")


@one_store
def test_a_form_goes_with_its_token_before_its_file_and_never_in_its_address(client: httpx.Client) -> None:
    page = client.get("/app/upload")
    token, file = client.headers.pop(sessions.TOKEN_HEADER), {"file": ("a.csv", "url\nhttps://a.b\n")}
    assert token in page.text
    assert token not in "".join(re.findall(r'(?:action|href|src)="[^"]*"', page.text))
    for fields, query in (({}, ""), ({"csrf_token": "wrong"}, ""), ({}, f"?csrf_token={token}")):
        refused = client.post(f"/app/upload{query}", data=fields, files=file)
        assert (refused.status_code, "older than your session" in refused.text) == (400, True)
    taken = client.post("/app/upload", data={"csrf_token": token}, files=file, follow_redirects=False)
    assert taken.status_code == 303
