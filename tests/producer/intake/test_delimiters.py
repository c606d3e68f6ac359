import pytest

from models.errors import Unreadable
from producer.intake.delimiters import declared_delimiter
from producer.intake.detection import FormatHints, detect_layout
from producer.intake.layouts import CSV, Layout


def read(text: str, hint: str | None = None, header: bool | None = None, **mapping: str) -> Layout:
    return detect_layout(text.encode(), CSV, 10, mapping, FormatHints(hint, None, header))


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("url,title\na,b", ","),
        ("url;title\na;b", ";"),
        ("url\ttitle\na\tb", "\t"),
        ("url|tags\na|x", "|"),
        ("url\na,b", ","),
        ("Long URL,tags|notes\na,b", ","),
        ("url;title, or note\na;b", ";"),
        ('"url";"title, or note"\na;b', ";"),
        ("url,a;b;c;d\nx,1", ","),
        ('"the\nfirst, of all";url\nx;y', ";"),
    ],
)
def test_the_header_shows_the_delimiter(text: str, delimiter: str) -> None:
    assert read(text).delimiter == delimiter


def test_the_error_of_a_header_without_a_url_shows_its_columns() -> None:
    with pytest.raises(Unreadable, match=r'\["link to", "title, long"\]'):
        read("link to;title, long\nx;y")


@pytest.mark.parametrize(
    ("text", "delimiter", "columns"),
    [
        ("https://a.b\nhttps://c.d", ",", ["url"]),
        ("https://a.b,Title\nhttps://c.d,Other", ",", ["url", "column_2"]),
        ("HTTPS://a.b;1;2\nhttps://c.d;3;4", ";", ["url", "column_2", "column_3"]),
        ("https://a.b/1,2\nhttps://c.d\nhttps://e.f", ";", ["url"]),
        ("https://a.b\nhttps://c.d/1,2;3", "\t", ["url"]),
        ('"https://a.b"|"x"\n"https://c.d"|"y"', "|", ["url", "column_2"]),
    ],
)
def test_a_list_of_urls_needs_no_header(text: str, delimiter: str, columns: list[str]) -> None:
    layout = read(text)
    assert (layout.header, layout.delimiter, layout.columns) == (False, delimiter, columns)
    assert (layout.mapping, layout.offset, layout.line) == ({"url": 0}, 0, 1)


def test_the_delimiter_that_a_client_names_is_used() -> None:
    assert read("url;title,x", ";").columns == ["url", "title,x"]
    assert read("url,title", "|", url="url,title").columns == ["url,title"]


def test_a_client_can_say_whether_there_is_a_header() -> None:
    assert read("url,b", header=False).columns == ["url", "column_2"]
    assert read("https://a.b,url", header=True).columns == ["https://a.b", "url"]
    with pytest.raises(Unreadable, match="No column is named url"):
        read("https://a.b,b", header=True)


def test_columns_without_a_header_can_be_mapped_by_their_number() -> None:
    layout = read("x,https://a.b", header=False, url="column_2", slug="column_1")
    assert layout.mapping == {"url": 1, "slug": 0}


def test_a_mapping_helps_to_detect_the_delimiter() -> None:
    assert read("Where;to, exactly\na;b", url="to, exactly").delimiter == ";"


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;\r", "sep=; "])
def test_a_file_may_declare_its_delimiter(line: str) -> None:
    layout = read(f"{line}\nurl;title\na;b")
    assert (layout.delimiter, layout.columns, layout.line) == (";", ["url", "title"], 3)
    assert layout.offset == len(line) + len("\nurl;title\n")


@pytest.mark.parametrize("line", ["sep=", "sep=;;", "separator", "url"])
def test_other_first_lines_declare_nothing(line: str) -> None:
    assert declared_delimiter(line) is None
