from typing import Any

import pytest

from models.errors import AmbiguousDates, EmptyUpload, Invalid, NoUrlColumn, Unreadable
from producer.intake.detection import HEADER_LIMIT, FormatHints, detect_layout
from producer.intake.layouts import BOM, CSV, NDJSON, Layout
from producer.intake.xlsx.rows import MOST_COLUMNS

OURS = ["line", "status", "short_url", "slug", "error_code", "error_message"]


def header(text: str | bytes, **mapping: str) -> Layout:
    return detect_layout(text if isinstance(text, bytes) else text.encode(), CSV, 10, mapping)


@pytest.mark.parametrize(
    ("text", "offset", "line"),
    [
        (b"url\nx", 4, 2),
        (b"url\r\nx", 5, 2),
        (BOM + b"url\nx", 7, 2),
        (b"\n\r\n  \nurl\nx", 10, 5),
        (b'"n\nb",url\nx', 10, 3),
        (b"url", 3, 2),
    ],
)
def test_rows_begin_after_the_header(text: bytes, offset: int, line: int) -> None:
    layout = header(text)
    assert (layout.offset, layout.line) == (offset, line)


def test_a_byte_order_mark_is_skipped_in_json() -> None:
    assert detect_layout(BOM + b"{}", NDJSON, 10, {}).offset == 3


def test_columns_are_recognised_by_name_in_any_case_and_order() -> None:
    assert header('Note,"UTM Source", Url ,expires-at').mapping == {"utm_source": 1, "url": 2, "expires_at": 3}


def test_aliases_are_recognised_unless_the_fields_own_name_is_there() -> None:
    assert header("Long URL,alias").mapping == {"url": 0, "slug": 1}
    assert header("Long URL,url").mapping == {"url": 1}


def test_a_mapping_names_a_column_exactly() -> None:
    layout = header("Where to,url", url="Where to")
    assert (layout.mapping, layout.mapped_columns()) == ({"url": 0}, {"url": "Where to"})


def test_a_mapping_of_an_unknown_field_is_an_invalid_request() -> None:
    with pytest.raises(Invalid) as caught:
        header("url", colour="url")
    assert caught.value.errors[0]["pointer"] == "/mapping/colour"


@pytest.mark.parametrize(
    ("text", "mapping", "said"),
    [
        (
            "link_to,title\nx,y",
            {},
            'Line 1: No column is named url, and none holds URLs. The columns are ["link_to", "t',
        ),
        (
            "a,b\nhttps://x.y,https://x.z",
            {},
            'Line 1: Several columns hold URLs: ["a", "b"]. A mapping can choose one.',
        ),
        ("\n\nlink_to\nx", {}, "Line 3: No column is named url"),
        ("url,URL\nx,y", {}, "Line 1: Two columns stand for url: 'url' and 'URL'"),
        ("url,title,Title", {}, "Line 1: Two columns stand for title"),
        ("long_url,long url", {}, "Line 1: Two columns stand for url"),
        ("url", {"title": "Name"}, "Line 1: The mapping of title needs exactly one column 'Name', but the file has 0"),
        ("a,a", {"url": "a"}, "Line 1: The mapping of url needs exactly one column 'a', but the file has 2"),
        ("url,ü,t".encode() + b"\xe9\nx", {}, "Line 1: Byte 0xe9 at position 8 is not valid UTF-8"),
        (b"\nurl,\x81", {}, "Line 2: The character at position 5 is not valid CP1252"),
        ('url,"title\na,b\nc,d\n', {}, "Line 1: The header cannot be read. A quote opens in this row"),
        ("url,title\ra,b\nc,d", {}, "Line 1: The header cannot be read. It has a carriage return"),
        ("url,ti\0tle", {}, "Line 1: The header contains a NUL character"),
        ("url".encode("utf-32"), {}, "This is not a text file but UTF-32"),
        (b"\x1f\x8brest", {}, "This is not a text file but a gzip file"),
        (b"\xd0\xcf\x11\xe0rest", {}, "This is not a text file but an old Excel file (.xls) or one with a password"),
        ("sep=:\nurl:title", {}, "Line 1: sep=: is not supported"),
    ],
)
def test_the_error_of_a_header_says_what_is_wrong_and_where(
    text: str | bytes, mapping: dict[str, str], said: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        header(text, **mapping)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "hints", "columns", "place"),
    [
        ("Site\nhttps://a.b\n\nhttps://a.c", {}, ["Site"], 0),
        ("Name,Site\nx,https://a.b\ny,", {}, ["Name", "Site"], 1),
        ("Name;Site\nx;https://a.b\ny;https://a.c\nz;https://a.d\nz;https://a.d\nw;none", {}, ["Name", "Site"], 1),
        ("Name,https://a.b\nx,https://a.c", {}, ["column_1", "url"], 1),
        ("Title,Site\nhttps://a.b,https://a.c", {}, ["Title", "Site"], 1),
        ("example.com/x\nwww.example.com", {"scheme": "https"}, ["url"], 0),
        ("Site,Price\nexample.com,3.50\nexample.org,4.50", {"scheme": "https"}, ["Site", "Price"], 0),
        ("a.b\nexample.com", {"header": True, "scheme": "https"}, ["a.b"], 0),
    ],
)
def test_the_only_column_of_urls_is_the_url(text: str, hints: dict[str, Any], columns: list[str], place: int) -> None:
    layout = detect_layout(text.encode(), CSV, 10, {}, FormatHints(**hints))
    assert (layout.columns, layout.mapping["url"]) == (columns, place)


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("Site\nhttps://a.b\nx\ny", {}),
        ("Site\n", {}),
        ("Site\nexample.com", {}),
        ("Site\nnope\nmailto:a@b.c\n3.50", {"scheme": "https"}),
    ],
)
def test_a_column_that_is_not_obviously_of_urls_is_not_taken_for_one(text: str, hints: dict[str, Any]) -> None:
    with pytest.raises(NoUrlColumn) as caught:
        detect_layout(text.encode(), CSV, 10, {}, FormatHints(**hints))
    assert caught.value.errors[0]["pointer"] == "/mapping/url"


def test_a_column_that_a_client_maps_to_nothing_is_not_taken() -> None:
    with pytest.raises(NoUrlColumn):
        detect_layout(b"Site\nhttps://a.b", CSV, 10, {"url": None})
    assert "url" not in detect_layout(b"Site\nhttps://a.b", CSV, 10, {}, FormatHints(url=False)).mapping


DATES = "url,Expires\nhttps://a.b,01/02/2040\n"


def test_the_format_of_dates_is_found_in_the_columns_of_times() -> None:
    assert header(DATES + "https://a.b,12/31/2040\n").dates == {"expires_at": "MM/DD/YYYY"}
    assert header("url;Expires\nhttps://a.b;31.12.2040").dates == {"expires_at": "DD.MM.YYYY"}
    assert header('url,Expires\n"https://a.b",2040-12-31\n').dates == {}
    assert header("url,note\nhttps://a.b,01/02/2040").dates == {}


def test_a_row_that_cannot_be_read_shows_no_date() -> None:
    assert header(DATES.replace("01/02", "13/02") + 'https://a.b,"02/13/2040\nhttps://a.b,x,02/13/2040').dates == {
        "expires_at": "DD/MM/YYYY"
    }


def test_ambiguous_dates_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(AmbiguousDates) as caught:
        header(DATES)
    assert str(caught.value).startswith("The dates of the column 'Expires' are ambiguous: 01/02/2040 may begin")
    assert caught.value.errors[0]["pointer"] == "/date_order"
    layout = detect_layout(DATES.encode(), CSV, 10, {}, FormatHints(date_order="month-first"))
    assert layout.dates == {"expires_at": "MM/DD/YYYY"}
    assert detect_layout(DATES.encode(), CSV, 10, {"expires_at": None}).dates == {}


def test_what_lies_behind_the_first_part_decides_nothing() -> None:
    rows = "https://a.b,13/02/2040\n" + "https://a.b,01/02/2040\n" * (HEADER_LIMIT // 23)
    late = f"url,Expires\n{rows}https://a.b,02/13/2040\n".encode()
    assert detect_layout(late[:HEADER_LIMIT], CSV, 10, {}).dates == {"expires_at": "DD/MM/YYYY"}


def test_a_header_longer_than_the_limit_is_refused() -> None:
    columns = ",".join(["x" * 1000] * 1100)
    with pytest.raises(Unreadable, match="longer than"):
        header(f"url,{columns}\n"[:HEADER_LIMIT])


def test_as_many_columns_as_a_spreadsheet_has_can_be_read_and_no_more() -> None:
    assert len(header("url" + "," * (MOST_COLUMNS - 1)).columns) == MOST_COLUMNS
    for text in ("url", "https://a.example/"):
        with pytest.raises(Unreadable, match="more than 16,384 columns"):
            header(text + "," * MOST_COLUMNS)


def test_rows_that_are_not_utf8_do_not_affect_the_header() -> None:
    assert header(b"url,title\na,\xff\n").columns == ["url", "title"]


@pytest.mark.parametrize("text", ["\n", "\r\n\r\n", "  \n"])
def test_a_file_of_blank_lines_is_an_empty_upload(text: str) -> None:
    with pytest.raises(EmptyUpload):
        header(text)


def test_a_results_file_is_recognised_by_its_header() -> None:
    layout = header(",".join(["url", "'=note", *OURS]))
    assert (layout.client_columns, layout.columns[:2], layout.mapping) == (2, ["url", "=note"], {"url": 0})
    assert header("url,slug,line,status,short_url,result_slug,error_code,error_message").mapping == {
        "url": 0,
        "slug": 1,
    }


def test_some_result_columns_do_not_make_it_a_results_file() -> None:
    layout = header("url,status,line,'=x")
    assert (layout.client_columns, layout.columns[3]) == (4, "'=x")
