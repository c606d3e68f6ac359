import pytest

from models.errors import Unreadable
from producer.intake.delimiters import declared_delimiter
from producer.intake.detection import FormatHints, detect_layout
from producer.intake.layouts import CSV, Layout


def read(text: str, asked: str | None = None, header: bool | None = None, **mapping: str) -> Layout:
    return detect_layout(text.encode(), CSV, 10, mapping, FormatHints(asked, None, header))


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


def test_a_header_without_a_url_is_shown_divided_as_its_rows_are() -> None:
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
    found = read(text)
    assert (found.header, found.delimiter, found.columns) == (False, delimiter, columns)
    assert (found.mapping, found.offset, found.line) == ({"url": 0}, 0, 1)


def test_what_is_asked_for_is_not_looked_for() -> None:
    assert read("url;title,x", ";").columns == ["url", "title,x"]
    assert read("url,title", "|", url="url,title").columns == ["url,title"]


def test_whether_there_is_a_header_can_be_said() -> None:
    assert read("url,b", header=False).columns == ["url", "column_2"]
    assert read("https://a.b,url", header=True).columns == ["https://a.b", "url"]
    with pytest.raises(Unreadable, match="No column is named url"):
        read("https://a.b,b", header=True)


def test_columns_without_a_header_can_be_mapped_by_their_number() -> None:
    found = read("x,https://a.b", header=False, url="column_2", slug="column_1")
    assert found.mapping == {"url": 1, "slug": 0}


def test_a_mapping_helps_to_find_the_delimiter() -> None:
    assert read("Where;to, exactly\na;b", url="to, exactly").delimiter == ";"


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;\r", "sep=; "])
def test_a_file_may_say_its_delimiter_itself(line: str) -> None:
    found = read(f"{line}\nurl;title\na;b")
    assert (found.delimiter, found.columns, found.line) == (";", ["url", "title"], 3)
    assert found.offset == len(line) + len("\nurl;title\n")


@pytest.mark.parametrize("line", ["sep=", "sep=;;", "separator", "url"])
def test_other_first_lines_say_nothing(line: str) -> None:
    assert declared_delimiter(line) is None
