"""`slugs=wide` and domains without case, through the API of a whole system."""

import json
import os
from typing import Any

import httpx

from tests.system import System

SLUGS = (
    "2026/a.b",
    "über/öl",
    "u\u0308ber/two",
    "~jo",
    "Plain-1",
    "2026/a.b",
    "api/x",
    "a//b",
)


def upload(system: System, prefix: str, **options: str) -> dict[str, Any]:
    rows = [{"url": "https://example.com/", "slug": f"{prefix}{slug}"} for slug in SLUGS[:-2]]
    rows += [{"url": "https://example.com/", "slug": slug} for slug in SLUGS[-2:]]
    lines = "\n".join(map(json.dumps, rows))
    headers = {"Content-Type": "application/x-ndjson"}
    return system.wait_for_job(system.post(lines.encode(), params=options, headers=headers))


def test_wide_slugs_are_kept_found_listed_and_undone(system: System) -> None:
    prefix = f"{os.urandom(4).hex()}/"
    job = upload(system, prefix, slugs="wide")
    items = system.items(job)
    assert [item["error"] and item["error"]["code"] for item in items] == [
        None, None, None, None, None, "SLUG_TAKEN", "RESERVED_SLUG", "INVALID_SLUG",
    ]  # fmt: skip
    assert items[2]["slug"] == f"{prefix}über/two"
    assert items[1]["short_url"] == f"{system.url}/{prefix}%C3%BCber/%C3%B6l"
    for item in items[:5]:
        assert httpx.get(item["short_url"]).status_code == 302
        assert httpx.get(f"{system.url}/{item['slug']}").status_code == 302
        assert httpx.get(item["short_url"].replace("/" + prefix, "/" + prefix[:-1] + "%2F")).status_code == 302
    results = system.client.get(f"/api/jobs/{job['id']}/results.csv").text
    assert items[1]["short_url"] in results
    (found,) = system.client.get("/api/links", params={"search": f"{prefix}u\u0308ber/ö"}).json()["items"]
    assert (found["slug"], found["short_url"]) == (items[1]["slug"], items[1]["short_url"])
    path = f"/api/links/{found['id']}"
    assert system.client.get(path).json()["slug"] == items[1]["slug"]
    for part in ("/stats", "/qr.svg", "/qr.png"):
        assert system.client.get(path + part).status_code == 200
    assert system.client.patch(path, json={"title": "New"}).json()["title"] == "New"
    page = system.client.get("/api/links", params={"job": job["id"], "limit": 2}).json()
    rest = system.client.get("/api/links", params={"job": job["id"], "cursor": page["next_cursor"]}).json()
    assert len(page["items"]) + len(rest["items"]) == 5
    assert system.client.delete(path).status_code == 204
    assert httpx.get(items[1]["short_url"]).status_code == 404


def test_a_job_with_wide_slugs_is_undone(system: System) -> None:
    job = upload(system, f"{os.urandom(4).hex()}/", slugs="wide")
    undone = system.wait_for_job(system.post(path=f"/api/jobs/{job['id']}/undo"))
    assert undone["counts"]["deleted"] == 5
    assert httpx.get(system.items(job)[1]["short_url"]).status_code == 404


def test_a_job_allows_plain_slugs_unless_it_says_otherwise(system: System) -> None:
    items = system.items(upload(system, f"{os.urandom(4).hex()}-"))
    assert [item["status"] for item in items[:5]] == ["failed", "failed", "failed", "failed", "created"]
    assert system.post({"url": "https://example.com/", "count": 1, "slugs": "narrow"}).status_code == 422


def test_one_link_may_have_a_wide_slug_too(system: System) -> None:
    slug = f"{os.urandom(4).hex()}/ü"
    body = {"url": "https://example.com/", "slug": slug}
    refused = system.post(body, "/api/links")
    assert (refused.status_code, refused.json()["code"]) == (422, "INVALID_SLUG")
    wrong = system.post(body | {"slugs": "narrow"}, "/api/links")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/slugs")
    link = system.post(body | {"slugs": "wide"}, "/api/links")
    assert (link.status_code, link.json()["slug"]) == (201, slug)
    assert system.post(body | {"slugs": "wide"}, "/api/links").json()["code"] == "SLUG_TAKEN"


def test_on_a_domain_without_case_foo_and_FOO_are_one_slug(system: System) -> None:
    hostname = f"{os.urandom(6).hex()}.example"
    domain = system.post({"hostname": hostname, "case_sensitive": False}, "/api/domains").json()
    assert domain["case_sensitive"] is False
    assert system.client.get(f"/api/domains/{domain['id']}").json() == domain
    text = "url,slug\nhttps://example.com/1,Foo\nhttps://example.com/2,foo\nhttps://example.com/3,\n"
    job = system.wait_for_job(system.post_csv(text, params={"domain": hostname}))
    first, second, automatic = system.items(job)
    assert (first["slug"], first["short_url"]) == ("foo", f"http://{hostname}/foo")
    assert second["error"]["code"] == "SLUG_TAKEN"
    assert automatic["slug"] == automatic["slug"].lower()
    for path in ("foo", "FOO", automatic["slug"].upper()):
        assert httpx.get(f"{system.url}/{path}", headers={"Host": hostname}).status_code == 302
    dry = system.wait_for_job(system.post_csv(text, params={"domain": hostname, "dry_run": "true"}))
    assert [item["status"] for item in system.items(dry)] == ["failed", "failed", "created"]
    link = system.post({"url": "https://example.com/", "slug": "BAR", "domain": hostname}, "/api/links").json()
    assert link["slug"] == "bar"
