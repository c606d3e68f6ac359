"""Rows that failed come back mended: what results say of any upload is an upload again, and nothing runs in it."""

import base64
import csv
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.system import System
from tests.workbooks import openpyxl_workbook

WAIT = {"Prefer": "wait=30"}
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'=", "''+")
NOTES = [f"{start}cmd|' /C calc'!A0" for start in STARTS]
ROWS = [["url", "title", "note"], ["https://ok.example", "fine", "x"]]
ROWS += [["nope", f"title {number}", note] for number, note in enumerate(NOTES)]


def text(rows: list[list[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode()


def send(system: System, body: bytes, kind: str) -> dict[str, Any]:
    answer = system.post(body, headers={"Content-Type": kind} | WAIT)
    return system.wait_for_job(answer)


def fetched(system: System, job: dict[str, Any], end: str = "csv", **query: str) -> bytes:
    return system.client.get(f"{job['links']['self']}/results.{end}", params=query).raise_for_status().content


def table(found: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(found.decode(), newline="")))


def as_comma(system: System) -> dict[str, Any]:
    return send(system, text(ROWS), "text/csv")


def as_semicolon(system: System) -> dict[str, Any]:
    return send(system, text(ROWS, ";"), "text/csv")


def as_tabs(system: System) -> dict[str, Any]:
    return send(system, text(ROWS, "\t"), "text/csv")


def as_xlsx(system: System) -> dict[str, Any]:
    body = openpyxl_workbook(One=[[f"'{cell}" if cell.startswith("=") else cell for cell in row] for row in ROWS])
    return system.wait_for_job(system.post(files={"file": ("a.xlsx", body)}))


def as_ndjson(system: System) -> dict[str, Any]:
    lines = [{"url": url, "title": title, "tags": [title, "b"], "external_id": None} for url, title, _ in ROWS[1:]]
    return system.wait_for_job(system.post({"links": lines}))


@pytest.mark.parametrize("delimited", [as_comma, as_semicolon, as_tabs])
def test_no_cell_runs_and_none_is_lost(system: System, delimited: Callable[[System], dict[str, Any]]) -> None:
    job = delimited(system)
    found = table(fetched(system, job))
    assert all(not cell.startswith(STARTS[:11]) for row in found for cell in row)
    again = send(system, fetched(system, job), "text/csv")
    assert (again["counts"]["created"], again["counts"]["failed"]) == (1, len(NOTES))
    lines = [line for line in fetched(system, again, "ndjson").decode().splitlines() if line]
    assert len(lines) == len(ROWS) - 1
    once_more = table(fetched(system, again))
    assert [row[:3] for row in once_more] == [row[:3] for row in found]


@pytest.mark.parametrize("upload", [as_comma, as_semicolon, as_tabs, as_xlsx, as_ndjson])
@pytest.mark.parametrize(("end", "kind"), [("csv", "text/csv"), ("ndjson", "application/x-ndjson")])
def test_failed_rows_of_every_upload_come_back_mended(
    system: System, upload: Callable[[System], dict[str, Any]], end: str, kind: str
) -> None:
    job = upload(system)
    failed = fetched(system, job, end, status="failed").replace(b"nope", b"https://mended.example/")
    if end == "ndjson":
        failed = failed.replace(b'"note"', b'"utm_term"')
    again = send(system, failed, kind)
    assert (again["outcome"], again["counts"]["created"]) == ("succeeded", len(NOTES)), again["errors"]
    titles = system.sql(f"SELECT title FROM links WHERE job_id = {again['id']}")
    assert sorted(titles) == sorted((f"title {number}",) for number in range(len(NOTES)))


@pytest.mark.parametrize(("end", "kind"), [("csv", "text/csv"), ("ndjson", "application/x-ndjson")])
def test_failed_rows_of_a_vendors_call_and_of_a_count_come_back_mended(system: System, end: str, kind: str) -> None:
    links = [{"long": base64.b64encode(url).decode(), "title": "A"} for url in (b"https://a.b", b"nope", b"nope")]
    called: httpx.Response = system.post({"links": links}, "/api/bulk", headers={"Prefer": "respond-async"})
    counted = system.post({"url": "nope", "count": 2, "title": "A"})
    for job in (system.wait_for_job(called), system.wait_for_job(counted)):
        failed = fetched(system, job, end, status="failed").replace(b"nope", b"https://mended.example/")
        again = send(system, failed, kind)
        assert (again["outcome"], again["counts"]["created"]) == ("succeeded", 2), again["errors"]
        assert system.sql(f"SELECT title FROM links WHERE job_id = {again['id']}") == [("A",), ("A",)]
