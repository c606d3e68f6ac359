from datetime import UTC, datetime
from typing import Any

import pytest

from producer.intake.detection import detect_layout
from producer.intake.layouts import CSV, NDJSON
from producer.intake.reading import read_batch
from producer.rules.judging import JudgedBatch, JudgingContext, judge
from producer.rules.utm import with_utm

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def judged(text: str, kind: str = CSV, authorities: tuple[str, ...] = ("sho.rt",)) -> JudgedBatch:
    data = text.encode()
    layout = detect_layout(data, kind, 100, {})
    body = data[layout.offset :]
    batch = read_batch(body, layout, layout.line, 0, body.count(b"\n") + (not body.endswith(b"\n")))
    return judge(batch, JudgingContext(frozenset(authorities), {"news": 1, "1": 1}, NOW))


def item(text: str, **more: Any) -> JudgedBatch:
    return judged(text, NDJSON, **more)


def code(result: JudgedBatch) -> str | None:
    return result.problems[0].code if 0 in result.problems else None


@pytest.mark.parametrize("quote", ['"', ""])
def test_one_invalid_value_fails_only_its_row(quote: str) -> None:
    result = judged(f"url,title\nhttps://a.b,{quote}x{quote}\nnope,y\nhttps://c.d,\n")
    assert {place: problem.code for place, problem in result.problems.items()} == {1: "INVALID_URL"}
    assert result.columns == {"url": ["https://a.b/", None, "https://c.d/"], "title": ["x", "y", None]}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("url", "5", "INVALID_TYPE"), ("url", "null", "INVALID_URL"), ("url", '""', "INVALID_URL"),
        ("url", '"x"', "INVALID_URL"), ("url", '"http://\\u0000"', "INVALID_URL"), ("url", "[]", "INVALID_TYPE"),
        ("slug", "5", "INVALID_TYPE"), ("slug", '"a b"', "INVALID_SLUG"), ("slug", "{}", "INVALID_TYPE"),
        ("title", '["x"]', "INVALID_TYPE"), ("title", "false", "INVALID_TYPE"),
        ("title", '"a\\u0000"', "INVALID_TITLE"),
        ("password", "1234", "INVALID_TYPE"), ("expires_at", "1830297599", "INVALID_TYPE"),
        ("expires_at", '"soon"', "INVALID_EXPIRY"), ("ttl", '"60"', "INVALID_TYPE"), ("ttl", "true", "INVALID_TYPE"),
        ("ttl", "1.5", "INVALID_TYPE"), ("ttl", "60.0", "INVALID_TYPE"), ("ttl", "0", "INVALID_TTL"),
        ("max_clicks", "true", "INVALID_TYPE"), ("max_clicks", "-1", "INVALID_MAX_CLICKS"),
        ("max_clicks", "2147483648", "INVALID_MAX_CLICKS"), ("max_clicks", "1" * 30, "INVALID_MAX_CLICKS"),
        ("tags", '"a|b"', "INVALID_TYPE"), ("tags", "[1]", "INVALID_TAGS"), ("tags", '[""]', "INVALID_TAGS"),
        ("group", "true", "INVALID_TYPE"), ("group", '"other"', "UNKNOWN_GROUP"), ("group", "7", "UNKNOWN_GROUP"),
        ("utm_term", "1", "INVALID_TYPE"), ("utm_term", '"a\\u0000"', "INVALID_UTM"),
        ("external_id", "5", "INVALID_TYPE"), ("external_id", '"' + "x" * 256 + '"', "INVALID_EXTERNAL_ID"),
        ("created_at", "5", "INVALID_TYPE"), ("created_at", '"soon"', "INVALID_TYPE"),
        ("created_at", '"2999-01-01"', "INVALID_TYPE"), ("clicks", "-1", "INVALID_CLICKS"),
        ("clicks", "true", "INVALID_TYPE"), ("clicks", "2147483648", "INVALID_CLICKS"),
        ("disabled", '"true"', "INVALID_TYPE"), ("disabled", "1", "INVALID_TYPE"),
        ("comment", '"' + "x" * 501 + '"', "INVALID_COMMENT"), ("comment", "5", "INVALID_TYPE"),
        ("custom_id", '"' + "x" * 256 + '"', "INVALID_CUSTOM_ID"), ("custom_id", "5", "INVALID_TYPE"),
        ("colour", "1", "UNKNOWN_FIELD"), ("title", '"\\ud800"', "INVALID_TITLE"),
        ("url", '"https://\\udc00"', "INVALID_URL"),
        ("title", "1" * 5000, "MALFORMED_ROW"),
    ],
)  # fmt: skip
def test_each_problem_has_its_own_code(field: str, value: str, expected: str) -> None:
    start = "{" if field == "url" else '{"url":"https://a.b",'
    assert code(item(f'{start}"{field}":{value}}}')) == expected


def test_the_message_about_a_type_names_those_that_a_field_takes() -> None:
    message = item('{"url":"https://a.b","group":[]}').problems[0].message
    assert "text or a whole number" in message


def test_null_and_an_empty_text_are_no_value() -> None:
    fields = (
        "slug",
        "title",
        "password",
        "expires_at",
        "ttl",
        "max_clicks",
        "tags",
        "group",
        "utm_term",
        "external_id",
    )
    for nothing in ("null", '""'):
        result = item('{"url":"https://a.b",' + ",".join(f'"{field}":{nothing}' for field in fields) + "}")
        assert (result.problems, result.columns) == ({}, {"url": ["https://a.b/"]})


def test_an_external_id_of_blanks_is_no_value() -> None:
    assert judged("url,external_id\nhttps://a.b, \nhttps://a.b,  \n").columns == {"url": ["https://a.b/"] * 2}


def test_blanks_around_an_external_id_do_not_count() -> None:
    for other in ("y", '"y"'):
        result = judged(f"url,external_id\nhttps://a.b, x \nhttps://a.b,{other}\n")
        assert result.columns["external_id"] == ["x", "y"]


def test_a_row_without_a_url_fails() -> None:
    assert code(item('{"title":"x"}')) == "INVALID_URL"
    assert code(item("{}")) == "INVALID_URL"
    assert code(judged('url,title\n"",x\n')) == "INVALID_URL"


@pytest.mark.parametrize(
    "url",
    ["http://sho.rt/x", "https://SHO.RT/x", "https://sho.rt:443/", "http://sho.rt:8080/x", "http://sho.rt./x",
     "http:\\\\sho.rt", "http://ｓｈｏ.rt/", "https://sho%2ert/", "https://sho.rt?x", "https://sho.rt./"],
)  # fmt: skip
def test_a_url_on_our_own_domain_is_a_loop(url: str) -> None:
    assert code(judged(f"url\n{url}\n")) == "BLOCKED_URL"


@pytest.mark.parametrize(
    "url", ["https://sho.rt.example.com/", "https://notsho.rt/", "https://a.b/?to=//sho.rt/x", "https://www.sho.rt/"]
)
def test_a_url_that_only_looks_like_our_domain_is_no_loop(url: str) -> None:
    assert code(judged(f"url\n{url}\n")) is None


def test_a_domain_with_a_port_is_ours_on_that_port_only() -> None:
    for url, expected in (
        ("http://localhost:8000/x", "BLOCKED_URL"),
        ("https://LOCALHOST.:8000/x", "BLOCKED_URL"),
        ("http://localhost:9000/x", None),
        ("http://localhost/x", None),
    ):
        assert code(judged(f"url\n{url}\n", authorities=("localhost:8000",))) == expected


def test_a_ttl_becomes_an_expiry() -> None:
    result = judged("url,ttl\nhttps://a.b,60\nhttps://a.b,\n")
    assert result.columns["expires_at"] == ["2027-01-01 00:01:00", None]
    assert code(judged("url,ttl,expires_at\nhttps://a.b,60,2030-01-01\n")) == "INVALID_TTL"


def test_a_group_is_a_name_or_a_number() -> None:
    for group in ('"news"', "1", '"1"'):
        assert item(f'{{"url":"https://a.b","group":{group}}}').columns["group"] == [1]


def test_utm_fields_become_part_of_the_url() -> None:
    result = judged("url,utm_source,utm_term\nhttps://a.b/?utm_source=old&x=1#f,new one,\nhttps://c.d,,ä&b\n")
    assert result.columns["url"] == ["https://a.b/?x=1&utm_source=new+one#f", "https://c.d/?utm_term=%C3%A4%26b"]


def test_each_value_has_its_own_limit_and_the_url_with_all_utm_fields_has_none() -> None:
    url = "https://a.b/" + "x" * 2036
    result = judged(f"url,utm_source\n{url},{'y' * 255}\n")
    assert result.problems == {}
    assert result.columns["url"] == [f"{url}?utm_source={'y' * 255}"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.b/", "https://a.b/?utm_term=x"),
        ("https://a.b/?", "https://a.b/?utm_term=x"),
        ("https://a.b/?c&&d=", "https://a.b/?c&&d=&utm_term=x"),
        ("https://a.b/?utm_term=1&utm_term=2&c=?#d?e", "https://a.b/?c=?&utm_term=x#d?e"),
    ],
)
def test_the_rest_of_the_url_stays_to_the_letter(url: str, expected: str) -> None:
    assert with_utm(url, {"utm_term": "x"}) == expected


def test_control_characters_send_a_column_to_its_rule() -> None:
    assert code(judged("url\nhttps://a.b/\tx\n")) == "INVALID_URL"
    assert code(judged("url,title\nhttps://a.b,a\0b\n")) == "INVALID_TITLE"
    assert judged("url,title\nhttps://a.b,a\tb\n").columns["title"] == ["a\tb"]


def test_a_column_of_disabled_rows_becomes_the_moment_of_each() -> None:
    result = judged("url,disabled\nhttps://a.b,TRUE\nhttps://c.d,no\nhttps://e.f,\nhttps://g.h,maybe\n")
    assert result.columns["disabled"] == ["2027-01-01 00:00:00", None, None, None]
    assert result.problems[3].code == "INVALID_TYPE"


def test_rows_without_a_moment_of_their_own_are_created_now() -> None:
    result = judged("url,created_at\nhttps://a.b,2020-02-03T04:05:06+01:00\nhttps://c.d,\n")
    assert result.columns["created_at"] == ["2020-02-03 03:05:06", "2027-01-01 00:00:00"]
    assert "created_at" not in judged("url,created_at\nhttps://a.b,\n").columns
