"""Spreadsheets, from the upload to the results."""

import csv
import io
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.system import System
from tests.waiting import wait_until
from tests.workbooks import openpyxl_workbook, xlsxwriter_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOOK = openpyxl_workbook(
    Links=[
        ["Destination URL", "Title", "Valid until", "Max visits", "Note"],
        ["https://example.com/1", "Größe", datetime(2040, 1, 2, 3, 4, 5), 7.0, "=1+1"],
        [],
        ["no url", "x", None, None, 2.5],
    ]
)
WAYS = ["raw", "by name", "by content", "said to be CSV"]


def posted(system: System, book: bytes, way: str, **params: str) -> httpx.Response:
    if way == "raw":
        return system.post(book, headers={"Content-Type": XLSX}, params=params)
    if way == "said to be CSV":
        return system.post_csv(book, params=params)
    name = "links.xlsx" if way == "by name" else "upload"
    return system.client.post("/api/jobs", files={"file": (name, book)}, data=params)


def results(system: System, job: dict[str, Any]) -> list[list[str]]:
    found = system.client.get(job["links"]["results"]).raise_for_status().content.decode()
    return list(csv.reader(io.StringIO(found, newline="")))


@pytest.mark.parametrize("way", WAYS)
def test_a_spreadsheet_is_read_however_it_comes(system: System, way: str) -> None:
    job = system.wait_for_job(posted(system, BOOK, way))
    assert (job["status"], job["source"], job["errors"]) == ("completed", "csv", {"INVALID_URL": 1}), job["detail"]
    assert job["format"] == {"sheet": "Links", "header": True}
    assert job["mapping"]["url"] == "Destination URL"
    link = system.sql(f"SELECT url, title, max_clicks FROM links WHERE job_id = {job['id']}")
    assert link == [("https://example.com/1", "Größe", 7)]
    header, one, two = results(system, job)
    assert header[:5] == ["Destination URL", "Title", "Valid until", "Max visits", "Note"]
    assert one[:6] == ["https://example.com/1", "Größe", "2040-01-02T03:04:05", "7", "", "2"]
    assert two[:7] == ["no url", "x", "", "", "2.5", "4", "failed"]
    assert [item["line"] for item in system.items(job)] == [2, 4]


def test_a_large_spreadsheet_is_read_in_shards(system: System) -> None:
    rows = [["url", "title"], *([f"https://example.com/{at}", f"Title {at}"] for at in range(50_000))]
    job = system.wait_for_job(posted(system, xlsxwriter_workbook(rows), "raw"))
    assert (job["outcome"], job["counts"]["created"]) == ("succeeded", 50_000)
    assert [row[0] for row in results(system, job)[1:]] == [row[0] for row in rows[1:]]


def test_only_what_was_made_of_a_spreadsheet_is_kept(system: System) -> None:
    folder = system.data_dir / "uploads"
    before = {path.name for path in folder.iterdir()}
    job = system.wait_for_job(posted(system, BOOK, "raw"))
    (kept,) = {path.name for path in folder.iterdir()} - before
    assert (folder / kept).read_bytes().startswith(b"Destination URL,Title,")
    assert job["status"] == "completed"


TWO_SHEETS = openpyxl_workbook(One=[["url"], ["x"]], Two=[["Site"], ["https://a.b/2"], ["https://a.b/3"]])
REFUSED: dict[str, tuple[bytes, dict[str, str], str, str]] = {
    "two sheets": (TWO_SHEETS, {}, "UNKNOWN_SHEET", "2 sheets have rows ('One', 'Two')"),
    "unknown sheet": (TWO_SHEETS, {"sheet": "Tree"}, "UNKNOWN_SHEET", "The workbook has no sheet 'Tree'. Its sheets"),
    "no rows": (openpyxl_workbook(One=[]), {}, "UNREADABLE", "The spreadsheet has no rows"),
    "no url": (openpyxl_workbook(One=[["name"], ["x"]]), {}, "NO_URL_COLUMN", "Line 1: No column is named url"),
    "damaged": (BOOK[:-300], {}, "UNREADABLE", "This is not a spreadsheet, or it is damaged"),
    "another zip": (b"PK\x03\x04" + bytes(100), {}, "UNREADABLE", "This is not a spreadsheet, or it is damaged"),
    "a sheet of a text": (b"url\nhttps://a.b", {"sheet": "1"}, "INVALID_REQUEST", "Only a workbook has sheets"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_spreadsheet_that_cannot_be_read_is_refused_and_leaves_no_file(system: System, name: str) -> None:
    book, params, code, said = REFUSED[name]
    uploads = system.data_dir / "uploads"
    before = set(uploads.iterdir())
    problem = posted(system, book, "raw", **params).json()
    assert (problem["status"], problem["code"], problem["detail"][: len(said)]) == (422, code, said)
    assert set(uploads.iterdir()) == before


def test_what_only_a_worker_sees_ends_the_job_as_failed_and_leaves_no_file(system: System) -> None:
    uploads = system.data_dir / "uploads"
    before = set(uploads.iterdir())
    job = system.wait_for_job(posted(system, openpyxl_workbook(One=[["url"]]), "raw"))
    assert (job["status"], job["detail"][:22]) == ("failed", "The upload has no rows")
    wait_until(lambda: set(uploads.iterdir()) == before)  # it goes when the job has ended
    assert system.client.get(job["links"]["results"]).status_code == 200


@pytest.mark.parametrize(("way", "sheet"), [("raw", "Two"), ("by name", "2")])
def test_one_of_several_sheets_is_chosen(system: System, way: str, sheet: str) -> None:
    job = system.wait_for_job(posted(system, TWO_SHEETS, way, sheet=sheet))
    assert (job["outcome"], job["counts"]["total"], job["format"]["sheet"]) == ("succeeded", 2, "Two"), job["detail"]


def test_dates_of_a_spreadsheet_are_read_however_they_are_stored(system: System) -> None:
    rows: list[list[Any]] = [
        ["url", "expires"],
        ["https://a.b/1", "31.12.2040"],
        ["https://a.b/2", datetime(2040, 1, 2, 3, 4)],
    ]
    job = system.wait_for_job(posted(system, openpyxl_workbook(One=rows), "raw"))
    assert (job["outcome"], job["format"]["dates"]) == ("succeeded", {"expires_at": "DD.MM.YYYY"})
    rows = [["url", "expires"], ["https://a.b/1", 51501], ["https://a.b/2", 51136.5]]
    other = system.wait_for_job(posted(system, openpyxl_workbook(One=rows), "raw"))
    assert other["format"]["dates"] == {"expires_at": "Excel day number"}
    assert ends(system, job) == ["2040-01-02T03:04:00", "2040-12-31T00:00:00"]
    assert ends(system, other) == ["2040-01-01T12:00:00", "2040-12-31T00:00:00"]


def ends(system: System, job: dict[str, Any]) -> list[str]:
    found = system.client.get("/api/links", params={"job": job["id"]}).json()["items"]
    return sorted(link["expires_at"][:19] for link in found)


def test_old_excel_files_are_refused_with_advice(system: System) -> None:
    answer = system.post(b"\xd0\xcf\x11\xe0", headers={"Content-Type": "application/vnd.ms-excel"})
    assert answer.status_code == 415
    assert ".xlsx" in answer.json()["detail"] or "spreadsheetml" in answer.json()["detail"]
    answer = system.client.post("/api/jobs", files={"file": ("a.xls", b"\xd0\xcf\x11\xe0" + bytes(99))})
    assert (answer.status_code, "Save it as .xlsx" in answer.json()["detail"]) == (422, True)


def test_a_mapping_and_no_header_work_for_spreadsheets_too(system: System) -> None:
    book = openpyxl_workbook(One=[["x", "https://a.b/1"], ["y", "https://a.b/2"]])
    job = system.wait_for_job(posted(system, book, "by name", header="false", mapping='{"url": "column_2"}'))
    assert (job["outcome"], job["mapping"]) == ("succeeded", {"url": "column_2"})
    wrong = posted(system, book, "by name", mapping='{"colour": "column_2"}')
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/mapping/colour")
