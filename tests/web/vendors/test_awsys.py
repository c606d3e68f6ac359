"""AWSYS: the examples of its guide and its reference to the letter, and what its clients meet besides."""

import base64
import json
import subprocess
from typing import Any

import httpx
import pytest

from tests.system import System
from tests.web.commands import client, new_key

REFERENCE = {
    "links": [
        {"long": "aHR0cHM6Ly9leGFtcGxlLmNvbS9wYWdlLTE=", "customSlug": "page-one"},
        {"long": "aHR0cHM6Ly9leGFtcGxlLmNvbS9wYWdlLTI=", "expiry": "2026-12-31T23:59:59Z"},
        {"long": "aHR0cHM6Ly9leGFtcGxlLmNvbS9wYWdlLTM="},
    ]
}
IMPORT = """
LINKS=$(python3 - <<'EOF'
import csv, base64, json, sys
links = []
with open('urls.csv') as f:
    for row in csv.reader(f):
        url = row[0].strip()
        if url:
            links.append({"long": base64.b64encode(url.encode()).decode()})
print(json.dumps({"links": links}))
EOF
)
curl -sS -X POST $BASE/api/bulk \
  -H "Authorization: Bearer $KEY" \
  -H "Content-Type: application/json" \
  -d "$LINKS"
"""


def encode(url: str) -> str:
    return base64.b64encode(url.encode()).decode()


def bulk(system: System, *links: Any, **more: Any) -> httpx.Response:
    return system.post({"links": list(links)}, "/api/bulk", **more)


def destination(url: str) -> str:
    return httpx.get(url).headers["Location"]


def test_the_example_of_the_reference_creates_three_links(system: System) -> None:
    answer = system.post(REFERENCE, "/api/bulk")
    body = answer.json()
    assert (answer.status_code, set(body), body["created"]) == (200, {"created", "links"}, 3)
    assert body["links"][0] == {"shortUrl": "page-one", "url": f"{system.url}/page-one"}
    for number, link in enumerate(body["links"], 1):
        assert set(link) == {"shortUrl", "url"}
        assert link["url"] == f"{system.url}/{link['shortUrl']}"
        assert destination(link["url"]) == f"https://example.com/page-{number}"


def test_a_failed_link_has_its_place_in_the_answer(system: System) -> None:
    bulk(system, {"long": encode("https://example.com"), "customSlug": "page-three"})
    answer = bulk(system, {"long": encode("https://a.b")}, {"long": encode("https://c.d"), "customSlug": "page-three"})
    slug_taken = {"error": "SLUG_TAKEN", "message": "Custom slug 'page-three' is already in use"}
    assert (answer.status_code, answer.json()["created"], answer.json()["links"][1]) == (200, 1, slug_taken)


def test_the_shape_of_the_guide_is_a_bare_array(system: System) -> None:
    answer = bulk(system, {"long": encode("https://a.b")}, {"long": "!"}, params={"shape": "array"})
    first, second = answer.json()
    assert (answer.status_code, set(first), second["error"]) == (200, {"shortUrl", "url"}, "INVALID_URL")


@pytest.mark.parametrize(
    "fields",
    [
        {"slug": "x", "expiresAt": "2030-01-01T00:00:00Z", "maxClicks": 3},
        {"customSlug": "x", "expiry": "2030-01-01T00:00:00Z", "maxClicks": 3},
    ],
)
def test_both_spellings_of_every_field_are_accepted(system: System, fields: dict[str, Any]) -> None:
    slug = f"both-{sorted(fields)[0]}"
    fields = {name: slug if "lug" in name else value for name, value in fields.items()}
    link = bulk(system, fields | {"long": encode("https://a.b"), "utm_source": "mail"}).json()["links"][0]
    assert link["shortUrl"] == slug
    rows = system.sql(f"SELECT url, max_clicks, expires_at FROM links WHERE slug = '{slug}'")
    assert [(url, clicks) for url, clicks, _ in rows] == [("https://a.b/?utm_source=mail", 3)]
    assert str(rows[0][2]).startswith("2030-01-01 00:00:00")


@pytest.mark.parametrize(
    ("long", "url"),
    [
        ("aHR0cHM6Ly9leGFtcGxlLmNvbS8_YT1iJmM9w6k=", "https://example.com/?a=b&c=%C3%A9"),
        ("aHR0cHM6Ly9leGFtcGxlLmNvbS8/YT1iJmM9w6k", "https://example.com/?a=b&c=%C3%A9"),
        ("aHR0cHM6Ly9leGFtcGxlLmNvbQ", "https://example.com/"),
        ("aHR0cHM6Ly9l\neGFtcGxlLmNv\nbQo=\n", "https://example.com/"),
    ],
)
def test_base64_may_use_either_alphabet_omit_padding_and_be_wrapped(system: System, long: str, url: str) -> None:
    assert destination(bulk(system, {"long": long}).json()["links"][0]["url"]) == url


@pytest.mark.parametrize("long", ["https://example.com", "a", "%%%", "/////w==", "", None, 5, ["aGk="], "aGVsbG8="])
def test_bad_base64_fails_only_its_own_link(system: System, long: Any) -> None:
    answer = bulk(system, {"long": long}, {"long": encode("https://a.b")})
    bad, good = answer.json()["links"]
    assert (answer.status_code, set(bad), bad["error"]) == (200, {"error", "message"}, "INVALID_URL")
    assert good["shortUrl"]


def test_a_link_that_is_not_an_object_fails_alone(system: System) -> None:
    links = bulk(system, 5, None, "x", [], {"long": encode("https://a.b")}).json()["links"]
    assert [link.get("error") for link in links] == ["INVALID_TYPE"] * 4 + [None]


def test_a_call_may_have_a_thousand_links_and_no_more(system: System) -> None:
    links = [{"long": encode(f"https://example.com/{n}")} for n in range(1001)]
    assert bulk(system, *links[:1000]).json()["created"] == 1000
    before = system.sql("SELECT count(*) FROM links")
    refused = bulk(system, *links)
    assert (refused.status_code, refused.json()["code"]) == (400, "TOO_MANY_LINKS")
    assert system.sql("SELECT count(*) FROM links") == before


def test_the_csv_workflow_of_the_reference_runs_unchanged(system: System, tmp_path: Any) -> None:
    (tmp_path / "urls.csv").write_text("https://example.com/csv-1\nhttps://example.com/csv-2\n")
    environment = {"BASE": system.url, "KEY": system.key["token"], "PATH": "/usr/local/bin:/usr/bin:/bin"}
    process = subprocess.run(
        ["bash", "-c", IMPORT], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    body = json.loads(process.stdout)
    assert [destination(link["url"]) for link in body["links"]] == [f"https://example.com/csv-{n}" for n in (1, 2)]


def test_create_short_creates_one_link(system: System) -> None:
    link = {"long": encode("https://example.com/one"), "customSlug": "just-one"}
    answer = system.post(link, "/api/createShort")
    assert (answer.status_code, answer.json()) == (200, {"shortUrl": "just-one", "url": f"{system.url}/just-one"})
    again = system.post(link, "/api/createShort")
    assert (again.status_code, again.json()["error"]) == (409, "SLUG_TAKEN")
    assert system.post({"long": "?"}, "/api/createShort").status_code == 400


def test_a_field_that_linkmill_cannot_follow_fails_only_its_link(system: System) -> None:
    link = {"long": encode("https://a.b")}
    refused, created = bulk(system, link | {"linkType": "cloaked"}, link | {"geoRestriction": None}).json()["links"]
    assert refused == {"error": "UNKNOWN_FIELD", "message": "linkType is not supported. Linkmill has one type of link."}
    assert created["shortUrl"]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/createShort", {"long": encode("https://a.b")}), ("/api/v1/links", {"url": "https://a.b"})],
)
def test_a_call_for_one_link_counts_against_the_plan(system: System, path: str, body: dict[str, Any]) -> None:
    with client(system, new_key(system, "--workspace", f"calls {path}", "--plan", "pro")) as pro:
        remaining = [int(pro.post(path, json=body).headers["X-RateLimit-Remaining"]) for _ in range(2)]
    assert remaining == [49, 48]


@pytest.mark.parametrize("path", ["/api/bulk", "/api/createShort"])
def test_a_wrong_key_has_the_error_code_of_awsys(system: System, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer nope"}, {"Authorization": system.key["token"]}):
        answer = httpx.post(system.url + path, json=REFERENCE, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_TOKEN")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"links": 5}', b'{"links": []}', b'{"links": {}}', b"\xff"]
)
def test_a_malformed_body_is_a_400(system: System, body: bytes) -> None:
    answer = system.post(body, "/api/bulk")
    assert (answer.status_code, set(answer.json())) == (400, {"error", "code", "message"})
