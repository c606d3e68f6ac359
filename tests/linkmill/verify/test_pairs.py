"""The pairs of a file: which columns they are in, and the lines they begin on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from linkmill.errors import LinkmillError
from linkmill.verify.pairs import OLD_NAMES, Choice, Pair, count_rows, find_columns, read_pairs
from producer.fields.item_fields import BY_NAME

Write = Callable[..., str]
BY_COLUMN_NAMES = Choice()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str, encoding: str = "utf-8") -> str:
        path = tmp_path / "old-and-new.csv"
        path.write_bytes(text.encode(encoding))
        return str(path)

    return write


def pairs_of(path: str, choice: Choice = BY_COLUMN_NAMES) -> list[Pair]:
    columns = find_columns(path, choice)
    pairs = list(read_pairs(path, columns))
    assert count_rows(path, columns) == len(pairs)
    return pairs


RESULT = "line,status,short_url,slug,error_code,error_message"
DUB = "Short link,Destination URL,Clicks,Created at"
BITLY = "long_url,custom_bitlink,title"


def test_results_of_a_job_are_read_as_they_are(write: Write) -> None:
    path = write(f"{DUB},{RESULT}\nhttps://dub.sh/a,https://x.example/,5,,2,created,https://go.example/a,a,,\n")
    assert pairs_of(path) == [Pair(2, "https://dub.sh/a", "https://go.example/a")]


def test_a_column_of_the_upload_may_be_called_short_url_too(write: Write) -> None:
    results = RESULT.replace("short_url", "result_short_url")
    path = write(f"short_url,url,{results}\nhttps://t.ly/a,https://x.example/,2,created,https://go.example/a,a,,\n")
    assert pairs_of(path) == [Pair(2, "https://t.ly/a", "https://go.example/a")]


def test_bitlinks_have_no_scheme(write: Write) -> None:
    path = write(f"{BITLY},{RESULT}\nhttps://x.example/,bit.ly/a,A,2,created,https://go.example/a,a,,\n")
    assert pairs_of(path) == [Pair(2, "bit.ly/a", "https://go.example/a")]


def test_a_link_without_a_custom_one_has_its_other_address(write: Write) -> None:
    first = "https://bit.ly/1,bit.ly/a,2,created,https://go.example/a,a,,"
    second = "https://bit.ly/2,,3,created,https://go.example/2,2,,"
    pairs = pairs_of(write(f"Link,Custom Link,{RESULT}\n{first}\n{second}\n"))
    assert [pair.old for pair in pairs] == ["bit.ly/a", "https://bit.ly/2"]


def test_every_column_that_an_upload_takes_for_short_links_is_known() -> None:
    assert set(BY_NAME["short_url"].aliases) <= set(OLD_NAMES)


def test_two_columns_of_links_need_no_header(write: Write) -> None:
    assert pairs_of(write("https://a.example/1;https://b.example/1\nhttps://a.example/2;https://b.example/2")) == [
        Pair(1, "https://a.example/1", "https://b.example/1"),
        Pair(2, "https://a.example/2", "https://b.example/2"),
    ]


def test_two_columns_are_old_and_new_whatever_their_names(write: Write) -> None:
    assert pairs_of(write("before,after\na.example/1,b.example/1\n")) == [Pair(2, "a.example/1", "b.example/1")]


def test_columns_can_be_named(write: Write) -> None:
    path = write("a,b,c\n1.example/x,2.example/x,3.example/x\n")
    assert pairs_of(path, Choice(old="c", new="a")) == [Pair(2, "3.example/x", "1.example/x")]
    with pytest.raises(LinkmillError, match=r"--old needs exactly one column 'd'\. The header has a, b, c"):
        find_columns(path, Choice(old="d", new="a"))


@pytest.mark.parametrize("slug", ["spring", "/spring/", "/spring"])
def test_an_export_of_slugs_gets_the_old_address_before_them(write: Write, slug: str) -> None:
    path = write(f"source,target,{RESULT}\n{slug},https://x.example/,2,created,https://go.example/spring,spring,,\n")
    choice = Choice(old="source", old_site="https://sho.rt/")
    assert pairs_of(path, choice) == [Pair(2, "https://sho.rt/spring", "https://go.example/spring")]
    assert pairs_of(path, Choice(old_site="sho.rt")) == [Pair(2, "sho.rt/spring", "https://go.example/spring")]


def test_rows_without_an_old_link_are_left_out_and_those_without_a_new_one_are_not(write: Write) -> None:
    without_old = ",https://x.example/,,,2,created,https://go.example/a,a,,"
    without_new = 'https://dub.sh/b,"x\ny",,,3,failed,,,INVALID_URL,'
    path = write(f"{DUB},{RESULT}\n{without_old}\n{without_new}\nhttps://dub.sh/c")
    assert pairs_of(path) == [Pair(3, "https://dub.sh/b", ""), Pair(5, "https://dub.sh/c", "")]


def test_a_file_that_is_unclear_or_unreadable_is_refused_with_its_columns(write: Write) -> None:
    with pytest.raises(LinkmillError, match=r"no column is named short_url; pass --new\. The header has a, b, c"):
        find_columns(write("a,b,c\n"), BY_COLUMN_NAMES)
    with pytest.raises(LinkmillError, match="which column has the old links"):
        find_columns(write(f"url,{RESULT}\n"), BY_COLUMN_NAMES)
    with pytest.raises(LinkmillError, match="not a CSV file in UTF-8"):
        pairs_of(write("alt,neu\nä.example/x,b.example/x\n", "latin-1"))


def test_a_byte_order_mark_is_no_part_of_a_name(write: Write) -> None:
    assert pairs_of(write("old,new\na.example/1,b.example/1\n", "utf-8-sig"), Choice(old="old", new="new"))
