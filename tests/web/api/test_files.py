"""Files as people really have them: from the upload to the results, through the whole system."""

import csv
import io
from typing import Any

import pytest

from tests.system import System

ROWS = [
    ["Long URL", "Title", "Tags", "Note"],
    ["https://example.com/caf%C3%A9", "Café „Größe“ €", "a|b", "one"],
    ["https://example.com/b", 'say "hi"', "", "two, three; four\tfive|six"],
    ["not a url", "broken", "", ""],
]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


def written(rows: list[list[str]], delimiter: str, line_end: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=line_end).writerows(rows)
    return out.getvalue()


def results(system: System, job: dict[str, Any]) -> list[list[str]]:
    found = system.client.get(job["links"]["results"]).raise_for_status().content.decode()
    limit = csv.field_size_limit(1 << 20)  # for the whole process, so it is given back
    try:
        return list(csv.reader(io.StringIO(found, newline="")))
    finally:
        csv.field_size_limit(limit)


def urls(system: System, job: dict[str, Any]) -> list[tuple[str, str | None]]:
    found = system.sql(f"SELECT url, title FROM links WHERE job_id = {job['id']} ORDER BY url")
    return [tuple(row) for row in found]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_every_encoding_line_end_and_delimiter_gives_the_same_links_and_rows(
    system: System, encoding: str, line_end: str
) -> None:
    for delimiter in DELIMITERS.values():
        job = system.wait_for_job(system.post_csv(written(ROWS, delimiter, LINE_ENDS[line_end]).encode(encoding)))
        assert (job["status"], job["errors"]) == ("completed", {"INVALID_URL": 1}), job["detail"]
        assert job["mapping"] == {"url": "Long URL", "title": "Title", "tags": "Tags"}
        wanted = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
        assert job["format"] == {"delimiter": delimiter, "encoding": wanted, "header": True}
        assert urls(system, job) == [("https://example.com/b", 'say "hi"'), (ROWS[1][0], ROWS[1][1])]
        assert [row[:4] for row in results(system, job)] == ROWS
        assert [row[4] for row in results(system, job)[1:]] == ["2", "3", "4"]


EXPORTS = {
    "Bitly, from Excel in Germany": (
        "Bitlink;Long URL;Title;Tags;Created\r\nbit.ly/1;https://example.com/größe;Größe;a,b;2024\r\n".encode("cp1252"),
        [("https://example.com/gr%C3%B6%C3%9Fe", "Größe")],
    ),
    "Rebrandly, Unicode text": (
        "title\tslashtag\tdestination\r\nOne\tfile-rb-1\thttps://example.com/1\r\n".encode("utf-16"),
        [("https://example.com/1", "One")],
    ),
    "Kutt, with a note to Excel": (
        b"sep=;\r\ntarget;customurl;description\r\nhttps://example.com/2;file-kutt;x\r\n",
        [("https://example.com/2", "x")],
    ),
    "YOURLS, old Mac": (
        b'keyword,url,title\rfile-yo,https://example.com/3,"a\nb"\r',
        [("https://example.com/3", "a\nb")],
    ),
    "one URL a line": (
        b"https://example.com/4\nhttps://example.com/5,6\n",
        [("https://example.com/4", None), ("https://example.com/5,6", None)],
    ),
    "delimiters at the line's end": (b"url,title\nhttps://example.com/7,x,,\n", [("https://example.com/7", "x")]),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_other_services_just_work(system: System, name: str) -> None:
    body, wanted = EXPORTS[name]
    job = system.wait_for_job(system.post_csv(body))
    assert job["status"] == "completed", job["detail"]
    assert (job["errors"], urls(system, job)) == ({}, wanted)


def test_tags_may_be_divided_by_commas(system: System) -> None:
    job = system.wait_for_job(system.post_csv(b'url,Tags\nhttps://a.b,"file-x, file-y"\n'))
    tied = "link_tags JOIN links USING (domain_id, slug)"
    tied += " JOIN tags ON tag_id = tags.id AND tags.workspace_id = links.workspace_id"
    found = system.sql(f"SELECT name FROM {tied} WHERE job_id = {job['id']} ORDER BY name")
    assert found == [("file-x",), ("file-y",)]


@pytest.mark.parametrize("how", ["query", "form"])
def test_delimiter_encoding_and_header_can_be_said(system: System, how: str) -> None:
    body = "https://a.b/é|https://c.d/x|1\n".encode("iso-8859-1")
    options = {"delimiter": "pipe", "encoding": "iso-8859-1", "header": "false", "mapping": '{"url": "column_2"}'}
    if how == "query":
        answer = system.post_csv(body, params=options)
    else:
        answer = system.client.post("/api/jobs", data=options, files={"file": ("x.txt", body)})
    job = system.wait_for_job(answer)
    assert urls(system, job) == [("https://c.d/x", None)]
    assert job["format"] == {"delimiter": "|", "encoding": "iso-8859-1", "header": False}
    assert results(system, job)[:2] == [
        ["column_1", "column_2", "column_3", *OURS],
        ["https://a.b/é", "https://c.d/x", "1", "1", "created", *results(system, job)[1][5:]],
    ]


OURS = ["line", "status", "short_url", "slug", "error_code", "error_message"]


@pytest.mark.parametrize("option", ["delimiter=x", "delimiter=", "encoding=utf-7", "encoding=rot13", "header=perhaps"])
def test_an_option_that_means_nothing_is_refused(system: System, option: str) -> None:
    answer = system.post_csv(b"url\nhttps://a.b", path=f"/api/jobs?{option}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{option.partition('=')[0]}")


def test_json_lines_may_be_utf16_too(system: System) -> None:
    body = '{"url": "https://a.b/ü"}\r\n{"url": "https://a.b/2"}\r\n'.encode("utf-16")
    job = system.wait_for_job(system.client.post("/api/jobs", files={"file": ("upload", body)}))
    assert (job["source"], job["counts"]["created"]) == ("ndjson", 2)


def test_options_of_files_change_nothing_for_json(system: System) -> None:
    job = system.wait_for_job(system.post({"links": [{"url": "https://a.b"}], "encoding": "utf-16", "delimiter": ";"}))
    assert (job["counts"]["created"], job["format"]) == (1, None)


FAR = b"url,t\n" + b"https://a.b,a text of some length\n" * 35_000  # more than a shard
HOSTILE: dict[str, tuple[bytes, str | dict[str, int]]] = {
    "10,000 columns": (b"url" + b",x" * 9_999 + b"\n" + (b"https://a.b" + b"," * 9_999 + b"\n") * 30, {}),
    "a long field": (b'url,note\nhttps://a.b,"' + b"x" * 140_000 + b'"\nhttps://c.d,x\n', {}),
    "a longer one": (b'url,title\nhttps://a.b,"' + b"x" * 270_000 + b'"\nhttps://c.d,x\n', {"INVALID_TITLE": 1}),
    "a header of 1 MiB": (b"url" + (b"," + b"x" * 127) * (1 << 13) + b"\n", "Line 1: The header is longer than"),
    "20,000 columns": (b"url" + b",x" * 20_000 + b"\n", "Line 1: There are more than 16,384 columns."),
    "empty header cells": (b",,url,\n1,2,https://a.b,4\n", {}),
    "ragged rows": (b"url,title\nhttps://a.b\nhttps://a.b,x,y\nhttps://a.b,x\n", {"MALFORMED_ROW": 2}),
    "NUL": (b"url,title\nhttps://a.b,a\0b\nhttps://a.b/\0,x\n", {"INVALID_TITLE": 1, "INVALID_URL": 1}),
    "bytes that are not UTF-8 far behind": (FAR + b"https://a.b,\xe9\n", {"MALFORMED_ROW": 1}),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 50, "Line 1: "),
    "duplicate columns": (b"url,n,n,n_2\nhttps://a.b,1,2,3\n", {}),
    "two urls": (b"url,Url\nhttps://a.b,x\n", "Line 1: Two columns stand for url"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_odd_files_get_a_clear_answer(system: System, name: str) -> None:
    body, wanted = HOSTILE[name]
    answer = system.post_csv(body)
    if isinstance(wanted, str):
        assert (answer.status_code, answer.json()["detail"][: len(wanted)]) == (422, wanted)
        return
    job = system.wait_for_job(answer)
    assert (job["status"], job["errors"]) == ("completed", wanted)
    table = results(system, job)
    assert len(table) == job["counts"]["total"] + 1
    assert len(set(table[0])) == len(table[0]) == len(table[1])
