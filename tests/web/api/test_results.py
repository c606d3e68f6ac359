"""Results, and the way back of those that failed."""

import csv
import io
import json
from typing import Any

import pytest

from tests.system import System

WAIT = {"Prefer": "wait=30"}
UPLOAD = (
    "note,url,title,password,slug\r\n"
    "=1+1,https://a.b/1,'-x,secret,\r\n"
    "@b,nope,'quoted',secret,\r\n"
    '"multi\r\nline",https://a.b/3,-2,,\r\n'
    "\r\n"
    "short,row\r\n"
    "d,https://a.b/4,,,api\r\n"
)


def posted(system: System, text: str, kind: str = "text/csv") -> dict[str, Any]:
    answer = system.post(text.encode(), headers={"Content-Type": kind} | WAIT)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def text(system: System, job: dict[str, Any], end: str = "csv", **query: str) -> str:
    answer = system.client.get(f"{job['links']['self']}/results.{end}", params=query).raise_for_status()
    assert answer.headers["Content-Disposition"] == f'attachment; filename="job-{job["id"]}.{end}"'
    return answer.content.decode()


def table(found: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(found, newline="")))


def test_results_are_the_uploads_own_columns_and_ours(system: System) -> None:
    job = posted(system, UPLOAD)
    header, one, two, three, four, five = table(text(system, job))
    assert header == [
        "note", "url", "title", "password", "slug",
        "line", "status", "short_url", "result_slug", "error_code", "error_message",
    ]  # fmt: skip
    items = system.items(job)
    assert one == [
        "'=1+1",
        "https://a.b/1",
        "''-x",
        "",
        "",
        "2",
        "created",
        items[0]["short_url"],
        items[0]["slug"],
        "",
        "",
    ]
    assert two[:5] == ["'@b", "nope", "'quoted'", "", ""]
    assert two[5:10] == ["3", "failed", "", "", "INVALID_URL"]
    assert (three[0], three[2], three[5]) == ("multi\r\nline", "'-2", "4")
    assert four[:7] == ["", "", "", "", "", "7", "failed"]
    assert (five[0], five[4], five[9]) == ("d", "api", "RESERVED_SLUG")
    assert "secret" not in text(system, job)


def test_failed_rows_mended_and_sent_again_just_work(system: System) -> None:
    rows = "".join(f"nope,'=sum{row},''x{row},=c{row}\n" for row in range(3))
    job = posted(system, f"url,title,external_id,note\nhttps://a.b,fine,,\n{rows}")
    failed = text(system, job, status="failed")
    assert len(table(failed)) == 4
    assert {row[5] for row in table(failed)[1:]} == {"failed"}
    again = posted(system, failed.replace("nope", "https://mended.example/"))
    assert (again["outcome"], again["counts"]["total"]) == ("succeeded", 3)
    titles = system.sql(f"SELECT title, external_id FROM links WHERE job_id = {again['id']} ORDER BY title")
    assert titles == [(f"'=sum{row}", f"''x{row}") for row in range(3)]
    header, first, *_ = table(text(system, again))
    assert header[:5] == ["url", "title", "external_id", "note", "line"]
    assert first[:4] == ["https://mended.example/", "''=sum0", "''x0", "'=c0"]
    assert len(header) == 10


def test_json_lines_mended_and_sent_again_just_work(system: System) -> None:
    job = posted(
        system, '{"url":"nope","title":"=1","tags":["a"],"ttl":60}\n{"url":"https://a.b"}\n', "application/x-ndjson"
    )
    failed = text(system, job, "ndjson", status="failed")
    row = json.loads(failed)
    assert (row["title"], row["tags"], row["ttl"], row["status"]) == ("=1", ["a"], 60, "failed")
    assert (row["line"], row["error_code"], row["result_slug"]) == (1, "INVALID_URL", None)
    again = posted(system, failed.replace("nope", "https://mended.example/"), "application/x-ndjson")
    assert again["outcome"] == "succeeded"


def test_json_lines_of_a_csv_have_its_columns(system: System) -> None:
    job = posted(system, UPLOAD)
    rows = [json.loads(line) for line in text(system, job, "ndjson").splitlines()]
    assert [row["line"] for row in rows] == [2, 3, 4, 7, 8]
    assert rows[0]["note"] == "=1+1"
    assert rows[0]["short_url"] == system.items(job)[0]["short_url"]
    assert "password" not in rows[0]


def test_results_of_json_have_every_field(system: System) -> None:
    job = system.post({"links": [{"url": "https://a.b", "tags": ["x", "y"], "max_clicks": 5}]}, headers=WAIT).json()
    header, row = table(text(system, job))
    found = dict(zip(header, row, strict=True))
    assert (found["url"], found["tags"], found["max_clicks"], found["status"]) == ("https://a.b", "x|y", "5", "created")
    assert found["result_slug"] == system.items(job)[0]["slug"]


def test_counted_results_repeat_their_item(system: System) -> None:
    job = system.post({"url": "https://a.b", "count": 3}, headers=WAIT).json()
    rows = [json.loads(line) for line in text(system, job, "ndjson").splitlines()]
    assert [row["url"] for row in rows] == ["https://a.b"] * 3
    assert [row["result_slug"] for row in rows] == [item["slug"] for item in system.items(job)]


def test_results_come_by_status(system: System) -> None:
    job = posted(system, UPLOAD)
    assert len(table(text(system, job, status="created"))) == 3
    assert len(table(text(system, job, status="created,failed"))) == 6
    assert len(table(text(system, job, status="existing"))) == 1
    answer = system.client.get(job["links"]["results"], params={"status": "wrong"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/status")


@pytest.mark.parametrize("end", ["csv", "ndjson"])
def test_results_of_many_rows_keep_their_order(system: System, end: str) -> None:
    rows = "".join(f"https://a.b/{row}\n" for row in range(30_000))
    job = system.wait_for_job(system.post_csv(f"url\n{rows}"))
    found = text(system, job, end).splitlines()[-30_000:]
    urls = [json.loads(line)["url"] if end == "ndjson" else line.partition(",")[0] for line in found]
    assert urls == [f"https://a.b/{row}" for row in range(30_000)]


def test_bytes_that_are_not_utf8_do_not_stop_the_results(system: System) -> None:
    body = b"url,title\nhttps://a.b,\xff\nhttps://c.d,g\xc3\xb6\xc3\xb6d\n"
    job = system.post_csv(body, headers=WAIT).json()
    assert [row[1] for row in table(text(system, job))[1:]] == ["\ufffd", "gööd"]
    job = system.post(
        b'{"url":"\xff"}\n{"url":"https://a.b"}\n', headers={"Content-Type": "application/x-ndjson"} | WAIT
    ).json()
    assert [json.loads(line)["status"] for line in text(system, job, "ndjson").splitlines()] == ["failed", "created"]
