"""Files as people really have them: from the upload to the results, through the whole system."""

import csv
import io
from typing import Any

import pytest

from tests.ground import System

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
    return list(csv.reader(io.StringIO(found, newline="")))


def urls(system: System, job: dict[str, Any]) -> list[tuple[str, str | None]]:
    found = system.sql(f"SELECT url, title FROM links WHERE job_id = {job['id']} ORDER BY url")
    return [tuple(row) for row in found]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_every_encoding_line_end_and_delimiter_gives_the_same_links_and_rows(
    system: System, encoding: str, line_end: str
) -> None:
    for delimiter in DELIMITERS.values():
        job = system.finished(system.csv(written(ROWS, delimiter, LINE_ENDS[line_end]).encode(encoding)))
        assert (job["status"], job["errors"]) == ("completed", {"INVALID_URL": 1}), job["detail"]
        assert job["mapping"] == {"url": "Long URL", "title": "Title", "tags": "Tags"}
        wanted = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
        assert job["format"] == {"delimiter": delimiter, "encoding": wanted, "header": True}
        assert urls(system, job) == [("https://example.com/b", 'say "hi"'), (ROWS[1][0], ROWS[1][1])]
        assert [row[:4] for row in results(system, job)] == ROWS
        assert [row[4] for row in results(system, job)[1:]] == ["2", "3", "4"]
