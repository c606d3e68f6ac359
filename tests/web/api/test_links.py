"""POST /api/links: one link, through the same road."""

import gzip
from typing import Any

import httpx
import pytest

from tests.system import System


def make(system: System, **item: Any) -> httpx.Response:
    return system.post(item, "/api/links")


def test_a_link_is_made_and_redirects(system: System) -> None:
    answer = make(system, url="HTTPS://Example.com/a b", title="A", tags=["x"], max_clicks=None)
    link = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/api/links/{link['id']}")
    assert set(link) == {
        "id", "slug", "short_url", "url", "title", "status", "disabled", "expires_at", "max_clicks", "clicks",
        "opening_clicks", "comment", "protected", "group", "tags", "external_id", "job_id", "created_at",
    }  # fmt: skip
    assert (link["url"], link["title"], link["protected"]) == ("https://example.com/a%20b", "A", False)
    assert (len(link["slug"]), link["short_url"]) == (7, f"{system.url}/{link['slug']}")
    assert httpx.get(link["short_url"]).headers["Location"] == link["url"]


def test_a_slug_of_ones_own_is_given_once(system: System) -> None:
    assert make(system, url="https://a.b", slug="Mine_1-2").json()["slug"] == "Mine_1-2"
    answer = make(system, url="https://c.d", slug="Mine_1-2")
    assert (answer.status_code, answer.json()["code"]) == (409, "SLUG_TAKEN")
    assert make(system, url="https://a.b", slug="mine_1-2").status_code == 201


def test_an_empty_slug_is_an_automatic_one(system: System) -> None:
    assert len(make(system, url="https://a.b", slug="").json()["slug"]) == 7


@pytest.mark.parametrize("slug", ["api", "healthz", "readyz", "admin", "docs"])
def test_our_own_words_are_kept(system: System, slug: str) -> None:
    answer = make(system, url="https://a.b", slug=slug)
    assert (answer.status_code, answer.json()["code"]) == (409, "RESERVED_SLUG")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("url", "nope", "INVALID_URL"), ("url", None, "INVALID_URL"), ("url", 5, "INVALID_TYPE"),
        ("url", "javascript:alert(1)", "INVALID_URL"), ("slug", "a b", "INVALID_SLUG"),
        ("title", "x" * 501, "INVALID_TITLE"), ("ttl", 0, "INVALID_TTL"),
        ("password", "x" * 129, "INVALID_PASSWORD"), ("expires_at", "soon", "INVALID_EXPIRY"),
        ("max_clicks", 2**31, "INVALID_MAX_CLICKS"), ("tags", [""], "INVALID_TAGS"), ("group", "none", "UNKNOWN_GROUP"),
        ("utm_source", "x" * 256, "INVALID_UTM"), ("external_id", "x" * 256, "INVALID_EXTERNAL_ID"),
        ("colour", "red", "UNKNOWN_FIELD"), ("title", ["x"], "INVALID_TYPE"), ("max_clicks", True, "INVALID_TYPE"),
    ],
)  # fmt: skip
def test_a_fault_is_unprocessable_and_says_which(system: System, field: str, value: Any, code: str) -> None:
    answer = make(system, **{"url": "https://a.b", field: value})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["detail"]
    assert [(found["pointer"], found["code"]) for found in answer.json()["errors"]] == [(f"/{field}", code)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"[]", 400), (b"5", 400), (b'{"url": NaN}', 400), (b"[" * 60_000, 400),
        (b'{"url": ' + b'{"a":' * 10_000, 400), (b'{"url": "' + b"x" * (1 << 16) + b'"}', 413), (b"{}", 422),
        (b'{"url": "https://a.b", "domain": 5}', 422), (b'{"url": "https://a.b", "domain": "x.example"}', 422),
        (b'{"url": "https://a.b", "domain": "\\u0000"}', 422), (b'{"url": "\\ud800"}', 422), (b'{"url": "\xff"}', 422),
    ],
)  # fmt: skip
def test_a_body_that_is_no_item_is_refused(system: System, body: bytes, status: int) -> None:
    answer = system.post(body, "/api/links", headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_may_be_zipped_spread_over_lines_and_sent_in_chunks(system: System) -> None:
    body = gzip.compress(b'{\n"url":\r\n"https://a.b",\n"tags": [\n"x"\n]}')
    answer = system.post(iter([body[:9], body[9:]]), "/api/links", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 201


def test_an_external_id_finds_the_link_again(system: System) -> None:
    first = make(system, url="https://a.b", external_id="order-7")
    again = make(system, url="https://other.b", external_id="order-7")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
