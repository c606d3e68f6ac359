import time

import pytest

from models.errors import Unreadable
from producer.intake.headers import distinct_names, is_url, map_columns, names_without_header, normalised

EXPORTS = {
    "Bitly, as it once was": (
        "Bitlink,Long URL,Title,Custom Back-half,Tags,Created",
        {"short_url": 0, "url": 1, "title": 2, "slug": 3, "tags": 4, "created_at": 5},
    ),
    "Dub's API": (
        "domain,key,url,externalId,tagNames,expiresAt,clicks",
        {"url": 2, "slug": 1, "external_id": 3, "tags": 4, "expires_at": 5, "clicks": 6, "domain": 0},
    ),
    "Short.io's API": (
        "originalURL,path,title,tags,expiresAt,clicksLimit,shortURL",
        {"url": 0, "slug": 1, "title": 2, "tags": 3, "expires_at": 4, "max_clicks": 5, "short_url": 6},
    ),
    "Kutt's form": (
        "target,address,customurl,description,password",
        {"url": 0, "slug": 2, "title": 3, "password": 4},
    ),
    "Shlink's import": (
        "Long URL,Short code,Domain,Title,Tags",
        {"url": 0, "slug": 1, "title": 3, "tags": 4, "domain": 2},
    ),
    "tiny.cc": ("url,short_id,note", {"url": 0, "slug": 1}),
    "URLR": ("url,code,label,password,expired_at", {"url": 0, "title": 2, "password": 3, "expires_at": 4}),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_names_of_other_services_are_understood(name: str) -> None:
    header, expected = EXPORTS[name]
    assert map_columns(header.split(","), {}) == expected


@pytest.mark.parametrize("name", ["Long URL", "long_url", "long-url", "longUrl", "LONGURL", " Long  Url*", "LongURL"])
def test_case_blanks_underscores_and_hyphens_do_not_matter(name: str) -> None:
    assert normalised(name) == "longurl"


def test_the_fields_own_name_comes_first_and_then_the_likelier_alias() -> None:
    assert map_columns(["link", "Long URL", "URL"], {})["url"] == 2
    assert map_columns(["link", "destination", "Long URL"], {})["url"] == 2
    assert map_columns(["path", "alias", "url"], {})["slug"] == 1


def test_a_repeated_name_is_an_error_only_when_it_stands_for_a_field() -> None:
    assert map_columns(["url", "note", "Note", "", ""], {}) == {"url": 0}
    assert map_columns(["url", "link", "Link"], {}) == {"url": 0}
    with pytest.raises(Unreadable, match="Two columns stand for title: 'Title' and 'title'"):
        map_columns(["url", "Title", "title"], {})


def test_a_mapping_chooses_between_repeated_names() -> None:
    assert map_columns(["url", "Title", "title"], {"title": "title"}) == {"title": 2, "url": 0}


def test_a_column_that_a_mapping_gives_to_a_field_stands_for_no_other_by_its_name() -> None:
    assert map_columns(["url", "clicks"], {"max_clicks": "clicks"}) == {"url": 0, "max_clicks": 1}
    assert map_columns(["url", "slug"], {"external_id": "slug"}) == {"url": 0, "slug": 1, "external_id": 1}


def test_names_become_distinct() -> None:
    assert distinct_names(["a", "", "a", "a_2", "a", ""]) == ["a", "column_2", "a_2", "a_2_2", "a_3", "column_6"]
    assert len(set(distinct_names(["same"] * 10_000))) == 10_000


def test_the_first_column_without_a_header_is_the_url_unless_a_mapping_names_another() -> None:
    assert names_without_header(["a", "b"], {}) == ["url", "column_2"]
    assert names_without_header(["a", "https://a.b"], {}) == ["column_1", "url"]
    assert names_without_header(["a", "b"], {"url": "column_2"}) == ["column_1", "column_2"]


def test_an_empty_name_beside_the_number_that_it_would_get_stays_one_column() -> None:
    assert distinct_names(["column_2", ""]) == ["column_2", "column_2_2"]


def test_a_line_of_blanks_takes_no_time() -> None:
    begun = time.thread_time()
    assert not is_url(" " * 40_000 + '"' + " " * 40_000)
    assert is_url(' " https://example.com/')
    assert time.thread_time() - begun < 0.5
