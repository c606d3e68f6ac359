"""Defaults for rows that lack a field, in every body that takes options."""

import json
from typing import Any

import httpx
import pytest

from tests.system import System

WAIT = {"Prefer": "wait=30"}
UPLOAD = "url,title,slug,tags\nhttps://a.example/1,Own,,x\nhttps://a.example/2,,opt-own,\nhttps://a.example/3,,,\n"


def posted(system: System, body: Any, defaults: dict[str, Any], kind: str = "text/csv") -> list[dict[str, Any]]:
    """The links of a job with defaults, in input order; None for a row that made none."""
    params, headers = {"defaults": json.dumps(defaults)}, {"Content-Type": kind} | WAIT
    job = system.post(body, params=params, headers=headers).raise_for_status().json()
    return links(system, job)


def links(system: System, job: dict[str, Any]) -> list[dict[str, Any]]:
    found = {link["slug"]: link for link in system.client.get("/api/links", params={"job": job["id"]}).json()["items"]}
    return [found.get(item["slug"], item["error"]) for item in system.items(job)]


def refused(system: System, defaults: Any, **more: Any) -> list[tuple[str, str]]:
    answer = system.post({"links": [{"url": "https://a.b"}], "defaults": defaults, **more})
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST"), answer.text
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_rows_get_what_they_lack_and_keep_what_they_have(system: System) -> None:
    system.post({"name": "opt-summer"}, "/api/groups")
    defaults = {"title": "None of its own", "tags": ["a", "b"], "group": "opt-summer", "max_clicks": 5}
    found = posted(system, UPLOAD, defaults)
    assert [link["title"] for link in found] == ["Own", "None of its own", "None of its own"]
    assert [link["tags"] for link in found] == [["x"], ["a", "b"], ["a", "b"]]
    assert [(link["group"], link["max_clicks"]) for link in found] == [("opt-summer", 5)] * 3


def test_patterns_count_rows_and_name_lines_and_ids(system: System) -> None:
    body = (
        "url,slug,external_id\nhttps://a.b/0,,e-0\n\nhttps://a.b/1,opt-mine,e-1\nhttps://a.b/2,,e-2\nhttps://a.b/3,,\n"
    )
    defaults = {"slug": "opt-{index}-{external_id}", "title": "100 % {row} on {line}", "utm_content": "r{row}"}
    found = posted(system, body, defaults)
    assert [link["slug"] for link in found][:3] == ["opt-0-e-0", "opt-mine", "opt-2-e-2"]
    assert len(found[3]["slug"]) == 7
    assert [link["title"] for link in found] == ["100 % 1 on 2", "100 % 2 on 4", "100 % 3 on 5", "100 % 4 on 6"]
    assert found[3]["url"] == "https://a.b/3?utm_content=r4"


def test_patterns_go_on_from_shard_to_shard(system: System) -> None:
    body = "url\n" + "https://a.b/\n" * 30_000
    job = system.wait_for_job(system.post_csv(body, params={"defaults": '{"slug": "opt-many-{index}"}'}))
    assert job["counts"]["created"] == 30_000
    assert [item["slug"] for item in system.items(job)] == [f"opt-many-{index}" for index in range(30_000)]


def test_a_row_that_ends_by_itself_gets_no_other_end(system: System) -> None:
    body = '{"url":"https://a.b","ttl":60}\n{"url":"https://a.b","expires_at":"2031-01-01"}\n{"url":"https://a.b"}\n'
    found = posted(system, body, {"expires_at": "2035-01-01T00:00:00Z"}, "application/x-ndjson")
    assert found[0]["expires_at"] < "2031"
    assert [link["expires_at"][:4] for link in found[1:]] == ["2031", "2035"]


def test_json_may_say_that_a_row_has_nothing_of_a_default(system: System) -> None:
    rows = [{"url": "https://a.b", "slug": "", "title": "", "tags": []}, {"url": "https://a.b", "title": None}]
    defaults = {"slug": "opt-no-{row}", "title": "T", "tags": ["t"]}
    job = system.post({"links": rows, "defaults": defaults}, headers=WAIT).json()
    found = links(system, job)
    assert (len(found[0]["slug"]), found[0]["title"], found[0]["tags"]) == (7, None, [])
    assert (found[1]["slug"], found[1]["title"], found[1]["tags"]) == ("opt-no-2", "T", ["t"])


def test_the_url_may_be_a_default_too(system: System) -> None:
    found = posted(system, "title,slug\nA,opt-a\nB,opt-b\n", {"url": "https://one.example/"})
    assert [(link["title"], link["url"]) for link in found] == [(name, "https://one.example/") for name in "AB"]


def test_counted_links_may_have_names(system: System) -> None:
    body = {"url": "https://a.b", "count": 3, "defaults": {"slug": "opt-count-{row}"}}
    job = system.post(body, headers=WAIT).json()
    assert [item["slug"] for item in system.items(job)] == ["opt-count-1", "opt-count-2", "opt-count-3"]


def test_a_form_has_its_defaults_behind_the_file(system: System) -> None:
    files = {"file": ("a.csv", b"url\nhttps://a.b\n", "text/csv")}
    answer = system.client.post("/api/jobs", files=files, data={"defaults": '{"title": "F"}'}, headers=WAIT)
    assert links(system, answer.json())[0]["title"] == "F"


def test_what_a_default_makes_of_a_row_fails_alone(system: System) -> None:
    found = posted(
        system, "url,external_id\nhttps://a.b,has space\nhttps://a.b,fine\n", {"slug": "opt-x-{external_id}"}
    )
    assert (found[0]["code"], found[1]["slug"]) == ("INVALID_SLUG", "opt-x-fine")


def test_a_default_password_protects_and_is_never_kept_in_clear(system: System) -> None:
    secret = "hunter2-by-default"
    job = system.post(
        {"links": [{"url": "https://a.b"}, {"url": "https://a.b", "password": ""}], "defaults": {"password": secret}},
        headers=WAIT,
    ).json()
    locked, open_ = [item["short_url"] for item in system.items(job)]
    assert httpx.get(locked).status_code == 401
    assert httpx.post(locked, data={"password": secret}).status_code == 303
    assert httpx.get(open_).status_code == 302
    assert secret not in str(system.sql(f"SELECT * FROM jobs WHERE id = {job['id']}"))


@pytest.mark.parametrize(
    ("defaults", "pointer", "code"),
    [
        ({"colour": "red"}, "/defaults/colour", "UNKNOWN_FIELD"),
        ({"slug": "a-{number}"}, "/defaults/slug", "UNKNOWN_PLACEHOLDER"),
        ({"external_id": "{external_id}"}, "/defaults/external_id", "UNKNOWN_PLACEHOLDER"),
        ({"title": 5}, "/defaults/title", "INVALID_TYPE"),
        ({"tags": "a|b"}, "/defaults/tags", "INVALID_TYPE"),
        ({"slug": "ä-{index}"}, "/defaults/slug", "INVALID_SLUG"),
        ({"url": "ftp://a.b"}, "/defaults/url", "INVALID_URL"),
        ({"url": "http://localhost/x"}, "/defaults/url", "BLOCKED_URL"),
        ({"group": "nobody's"}, "/defaults/group", "UNKNOWN_GROUP"),
        ({"max_clicks": 0}, "/defaults/max_clicks", "INVALID_MAX_CLICKS"),
        ({"title": "a\0b"}, "/defaults/title", "INVALID_TITLE"),
    ],
)
def test_defaults_that_no_row_could_have_are_refused_at_once(
    system: System, defaults: dict[str, Any], pointer: str, code: str
) -> None:
    if code == "BLOCKED_URL":
        defaults = {"url": system.url + "/x"}
    assert refused(system, defaults) == [(pointer, code)]


def test_everything_that_is_wrong_is_told_at_once(system: System) -> None:
    wrong = {"ttl": 5, "colour": 1, "slug": "{x}", "title": 1}
    assert [pointer for pointer, _ in refused(system, wrong)] == [
        "/defaults/colour",
        "/defaults/slug",
        "/defaults/title",
    ]
    both = refused(system, {"ttl": 5, "expires_at": "2030-01-01"})
    assert both == [("/defaults/ttl", "INVALID_TTL")]
    assert refused(system, ["a"]) == [("/defaults", "INVALID_VALUE")]


def test_defaults_that_are_no_json_are_refused_in_a_query(system: System) -> None:
    answer = system.post_csv("url\nhttps://a.b\n", params={"defaults": "title=x"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/defaults")
