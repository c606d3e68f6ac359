"""A look at an upload says what the upload itself would become."""

from typing import Any

import pytest

from models import store
from models.accounts.keys import Owner
from models.errors import EmptyUpload, Invalid, NoPreview, Unreadable
from models.links import labels
from producer.intake.layouts import CSV, NDJSON
from producer.intake.xlsx import patience
from producer.job_options import Options
from producer.preview import HIDDEN, NO_URL, Preview, preview
from tests.workbooks import openpyxl_workbook, xlsxwriter_workbook

pytestmark = pytest.mark.parametrize("owner", ["sqlite"], indirect=True)

URL = "https://a.example/"
LONG = "https://a.example/" + "x" * 3000


def look(owner: Owner, text: str | bytes, format_: str = CSV, whole: bool = True, **options: Any) -> Preview:
    head = text.encode() if isinstance(text, str) else text
    return preview(head, whole, format_, owner, Options(**options))


def mapped(result: Preview) -> dict[str, str]:
    return {column.name: column.field for column in result.columns}


def codes(result: Preview) -> list[str]:
    return [row.problem.code if row.problem else "" for row in result.rows]


def test_each_row_has_the_problem_that_its_item_would_have(owner: Owner) -> None:
    text = f"url,slug,ttl\n{URL},a,\nnowhere,,\n{URL},a b,\n{URL},,x\n{URL}\nhttp://localhost:8000/x,,\n{LONG},,\n"
    result = look(owner, text)
    assert codes(result) == [
        "", "INVALID_URL", "INVALID_SLUG", "INVALID_TTL", "MALFORMED_ROW", "BLOCKED_URL", "INVALID_URL"
    ]  # fmt: skip
    assert [row.line for row in result.rows] == [2, 3, 4, 5, 6, 7, 8]
    assert (result.failed_count, result.fields) == (6, ["url", "slug", "ttl"])


@pytest.mark.parametrize(
    ("text", "options", "names"),
    [
        ("Long URL;Back-half\n{url};x", {}, {"Long URL": "url", "Back-half": "slug"}),
        ("{url},One\n{url},Two", {}, {"column_1": "url", "column_2": ""}),
        ("{url},One", {"mapping": {"url": "column_1", "title": "column_2"}}, {"column_1": "url", "column_2": "title"}),
        ("url,title\n{url},x", {"mapping": {"title": None}}, {"url": "url", "title": ""}),
        ("Where\tName\n{url}\tx", {"mapping": {"url": "Where"}}, {"Where": "url", "Name": ""}),
        ("url,line,status,short_url,result_slug,error_code,error_message\n{url},1,,,,,", {}, {"url": "url"}),
        ("a|url\nx|{url}", {"delimiter": "pipe"}, {"a": "", "url": "url"}),
        ("{url}\n{url}", {"header": False}, {"column_1": "url"}),
        ("Where,Name\n{url},x\n{url},y", {}, {"Where": "url", "Name": ""}),
        ("x,{url}\ny,{url}", {}, {"column_1": "", "column_2": "url"}),
        ("Site\na.example/x", {"scheme": "https"}, {"Site": "url"}),
    ],
)
def test_columns_and_what_they_stand_for(
    owner: Owner, text: str, options: dict[str, Any], names: dict[str, str]
) -> None:
    result = look(owner, text.format(url=URL), **options)
    assert (mapped(result), set(codes(result))) == (names, {""})


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("Where,Old\n{url},{url}", NO_URL), ("url,URL\n{url},{url}", "Two columns stand for url"), ("a,b\n1,2", NO_URL)],
)
def test_unclear_columns_are_all_shown_with_the_reason(owner: Owner, text: str, wrong: str) -> None:
    result = look(owner, text.format(url=URL))
    assert wrong in result.column_problem
    assert (set(mapped(result).values()), result.rows) == ({""}, [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_encoding_is_detected_in_a_part_of_a_file(owner: Owner, encoding: str) -> None:
    rows = "".join(f"{URL}{at},Grüße {at}\r\n" for at in range(100))
    data = f"url,title\r\n{rows}".encode(encoding)
    for cut in range(len(data) // 2, len(data) // 2 + 8):
        result = look(owner, data[:cut], whole=False)
        assert [row.values["title"] for row in result.rows] == [f"Grüße {at}" for at in range(10)], cut


def test_a_row_that_is_cut_off_is_not_judged(owner: Owner) -> None:
    result = look(owner, f'url,title\n{URL},x\n{URL},"begins and', whole=False)
    assert codes(result) == [""]


@pytest.mark.parametrize("make", [xlsxwriter_workbook, lambda rows: openpyxl_workbook(Links=rows)])
def test_a_spreadsheet_is_read_when_it_is_complete(owner: Owner, make: Any) -> None:
    result = look(owner, make([["Long URL", "Clicks"], [URL, 5], ["nowhere", 7]]), mapping={"max_clicks": "Clicks"})
    assert (codes(result), result.layout.sheet) == (["", "INVALID_URL"], "Links")
    assert result.rows[0].values == {"url": URL, "max_clicks": "5"}
    with pytest.raises(NoPreview, match="too large for a preview"):
        look(owner, make([["url"], [URL]])[:200], whole=False)


def test_a_spreadsheet_that_takes_too_long_is_refused(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", -1)
    with pytest.raises(Unreadable, match="too long for a preview"):
        look(owner, xlsxwriter_workbook([["url"], [URL]]))


def test_a_workbook_offers_its_sheets_and_shows_the_first_until_one_is_chosen(owner: Owner) -> None:
    book = openpyxl_workbook(Notes=[["url"], [URL]], Empty=[], Links=[["Site", "x"], [URL, 1]])
    result = look(owner, book)
    assert (list(result.sheets), result.layout.sheet, mapped(result)) == (["Notes", "Links"], "Notes", {"url": "url"})
    result = look(owner, book, sheet="links")
    assert (result.layout.sheet, mapped(result)) == ("Links", {"Site": "url", "x": ""})


def test_the_format_of_dates_is_shown_and_ambiguous_ones_are_an_error(owner: Owner) -> None:
    result = look(owner, f"url,Expires\n{URL},12/31/2040\n{URL},01/02/2040\n{URL},12/32/2040")
    assert result.layout.dates == {"expires_at": "MM/DD/YYYY"}
    assert [row.values["expires_at"] for row in result.rows[:2]] == ["2040-12-31T00:00:00Z", "2040-01-02T00:00:00Z"]
    assert codes(result) == ["", "", "INVALID_EXPIRY"]
    ambiguous = f"url,Expires\n{URL},01/02/2040"
    result = look(owner, ambiguous)
    assert (mapped(result), result.rows) == ({"url": "url", "Expires": "expires_at"}, [])
    assert "The dates of the column 'Expires' are ambiguous" in result.column_problem
    result = look(owner, ambiguous.replace("url", "Site").replace("https://", ""))
    assert (mapped(result), result.column_problem) == ({"Site": "", "Expires": "expires_at"}, NO_URL)
    result = look(owner, ambiguous, date_order="day-first")
    assert result.rows[0].values["expires_at"] == "2040-02-01T00:00:00Z"


def test_ndjson_has_rows_and_no_columns(owner: Owner) -> None:
    result = look(owner, f'{{"url": "{URL}", "tags": ["a", "b"]}}\n{{"url": 5}}\n{{"link": "x"}}\n[', NDJSON)
    assert codes(result) == ["", "INVALID_TYPE", "UNKNOWN_FIELD", "MALFORMED_ROW"]
    assert result.rows[0].values == {"url": URL, "tags": "a, b"}
    assert result.columns == []


def test_rows_are_shown_with_their_defaults(owner: Owner) -> None:
    with store.write() as db:
        labels.create(db, labels.GROUPS, owner.workspace_id, "spring", None)
    given = {"slug": "promo-{row}", "utm_source": "mail", "group": "spring", "password": "secret"}
    result = look(owner, f"url,slug\n{URL},mine\n{URL},\n", defaults=given)
    assert [row.values["slug"] for row in result.rows] == ["mine", "promo-2"]
    assert {row.values["url"] for row in result.rows} == {f"{URL}?utm_source=mail"}
    assert {row.values["password"] for row in result.rows} == {HIDDEN}
    with pytest.raises(Invalid) as caught:
        look(owner, f"url\n{URL}\n", defaults={"slug": "{nothing}"})
    assert [fault["pointer"] for fault in caught.value.errors] == ["/defaults/slug"]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"%PDF-1.7 x", "a PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\xd0\xcf\x11\xe0", "old Excel"),
        (b"PK\x03\x04x", "spread"),
    ],
)
def test_a_file_of_another_kind_is_named(owner: Owner, head: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        look(owner, head)


@pytest.mark.parametrize("head", [b"", b"\n\n", b"url\n"])
def test_a_file_without_rows_is_an_empty_upload(owner: Owner, head: bytes) -> None:
    with pytest.raises(EmptyUpload):
        look(owner, head)


def test_passwords_are_not_shown(owner: Owner) -> None:
    result = look(owner, f"url,password\n{URL},hunter2\n{URL}\n{URL},{'x' * 200}\n")
    assert "hunter2" not in str(result)
    assert codes(result) == ["", "MALFORMED_ROW", "INVALID_PASSWORD"]
