import pytest

from models.errors import EmptyUpload, Invalid, Unreadable
from producer.documents.results import safe
from producer.intake.detection import HEADER_LIMIT, inspect
from producer.intake.formats import BOM, CSV, NDJSON, Layout, undone

OURS = ["line", "status", "short_url", "slug", "error_code", "error_message"]


def header(text: str | bytes, **mapping: str) -> Layout:
    return inspect(text if isinstance(text, bytes) else text.encode(), CSV, 10, mapping)


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
def test_rows_begin_behind_the_header(text: bytes, offset: int, line: int) -> None:
    found = header(text)
    assert (found.offset, found.line) == (offset, line)


def test_a_bom_is_no_part_of_the_first_line_of_json() -> None:
    assert inspect(BOM + b"{}", NDJSON, 10, {}).offset == 3


def test_columns_are_known_by_name_whatever_their_case_and_order() -> None:
    assert header('Note,"UTM Source", Url ,expires-at').mapping == {"utm_source": 1, "url": 2, "expires_at": 3}


def test_names_of_other_services_are_known_unless_the_fields_own_is_there() -> None:
    assert header("Long URL,alias").mapping == {"url": 0, "slug": 1}
    assert header("Long URL,url").mapping == {"url": 1}


def test_a_mapping_names_a_column_as_it_stands() -> None:
    found = header("Where to,url", url="Where to")
    assert (found.mapping, found.named()) == ({"url": 0}, {"url": "Where to"})


def test_a_mapping_to_no_item_field_is_a_fault_of_the_request() -> None:
    with pytest.raises(Invalid) as caught:
        header("url", colour="url")
    assert caught.value.errors[0]["pointer"] == "/mapping/colour"


@pytest.mark.parametrize(
    ("text", "mapping", "said"),
    [
        ("link_to,title\nx,y", {}, 'line 1: no column is named url; the header has ["link_to", "title"]'),
        ("\n\nlink_to\nx", {}, "line 3: no column is named url"),
        ("url,URL\nx,y", {}, "line 1: two columns stand for url: 'url' and 'URL'"),
        ("url,title,Title", {}, "line 1: two columns stand for title"),
        ("long_url,long url", {}, "line 1: two columns stand for url"),
        ("url", {"title": "Name"}, "line 1: the mapping wants one column 'Name' for title"),
        ("a,a", {"url": "a"}, "line 1: the mapping wants one column 'a' for url"),
        ("url,ü,t".encode() + b"\xe9\nx", {}, "line 1: byte 0xe9 at 8 is not UTF-8"),
        (b"\nurl,\x81", {}, "line 2: what stands at 5 is not CP1252"),
        ('url,"title\na,b\nc,d\n', {}, "line 1: the header cannot be read: a quote opens here"),
        ("url,title\ra,b\nc,d", {}, "line 1: the header cannot be read: a carriage return"),
        ("url,ti\0tle", {}, "line 1: a NUL character"),
        ("url".encode("utf-32"), {}, "line 1: this is not text but UTF-32"),
        (b"\x1f\x8brest", {}, "line 1: this is not text but gzip"),
        (b"\xd0\xcf\x11\xe0rest", {}, "line 1: this is not text but an old Excel file (.xls) or one with a password"),
        ("sep=:\nurl:title", {}, "line 1: sep=:: a delimiter is one of"),
    ],
)
def test_a_header_that_cannot_be_used_says_what_is_wrong_and_where(
    text: str | bytes, mapping: dict[str, str], said: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        header(text, **mapping)
    assert str(caught.value).startswith(said)


def test_a_header_longer_than_is_looked_at_is_refused() -> None:
    columns = ",".join(["x" * 1000] * 1100)
    with pytest.raises(Unreadable, match="longer than"):
        header(f"url,{columns}\n"[:HEADER_LIMIT])


def test_rows_that_are_not_utf8_do_not_spoil_the_header() -> None:
    assert header(b"url,title\na,\xff\n").columns == ["url", "title"]


@pytest.mark.parametrize("text", ["\n", "\r\n\r\n", "  \n"])
def test_nothing_but_blank_lines_is_an_empty_upload(text: str) -> None:
    with pytest.raises(EmptyUpload):
        header(text)


def test_a_results_file_is_known_by_its_header() -> None:
    found = header(",".join(["url", "'=note", *OURS]))
    assert (found.own, found.columns[:2], found.mapping) == (2, ["url", "=note"], {"url": 0})
    assert header("url,slug,line,status,short_url,result_slug,error_code,error_message").mapping == {
        "url": 0,
        "slug": 1,
    }


def test_some_of_our_names_do_not_make_it_a_results_file() -> None:
    found = header("url,status,line,'=x")
    assert (found.own, found.columns[3]) == (4, "'=x")


@pytest.mark.parametrize("text", ["", "a", "=1", "'=1", "''=1", "'", "'a", "-1", "@x", "\t", "+", "''", "\nx", "'\r"])
def test_what_was_made_safe_is_undone_to_the_letter(text: str) -> None:
    assert undone(safe(text)) == text
    assert not safe(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_a_layout_outlives_being_stored() -> None:
    found = header("url,title")
    assert Layout.load(found.dump()) == found
