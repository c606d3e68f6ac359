"""Rebrandly: its documented examples to the letter. Many links to one destination, with a ttl that the plan may cap."""

import json
import subprocess
import time
from typing import Any

import httpx
import pytest

from tests.system import System
from tests.web.commands import new_key
from web.vendors import rebrandly

PATH = "/v1/links/bulk"
DESTINATION = "https://rebrandly.com/api-solutions"
OMITTED = "omitted"
FIELDS = {"id", "shortUrl", "slashtag", "destination", "ttl", "expiresAt", "ttlCapped"}
MAX_TTL = 7_776_000
CURL = """
curl -sS $BASE'/v1/links/bulk' \\
-X POST \\
-H "apikey: $KEY" \\
-H "workspace: $WORKSPACE" \\
-H 'Content-Type: application/json' \\
-d \\
'{
  "destination": "https://rebrandly.com/api-solutions",
  "domainId": "'$DOMAIN'",
  "count": 12000,
  "ttl": 86400
}'
"""


def put(system: System, method: str = "PUT", key: dict[str, Any] | None = None, **body: Any) -> httpx.Response:
    key = key or system.key
    link = {"destination": DESTINATION, "domainId": key["domain_id"], "count": 1} | body
    link = {name: value for name, value in link.items() if value != OMITTED}
    return httpx.request(
        method, system.url + PATH, content=json.dumps(link), headers={"apikey": key["token"]}, timeout=60
    )


def destination(short_url: str) -> str:
    return httpx.get(f"http://{short_url}").headers["Location"]


def test_the_curl_example_creates_12000_links(system: System) -> None:
    key = system.key
    environment = {
        "BASE": system.url,
        "KEY": key["token"],
        "WORKSPACE": key["workspace_id"],
        "DOMAIN": key["domain_id"],
    }
    started = int(time.time())
    process = subprocess.run(["bash", "-c", CURL], env=environment, capture_output=True, text=True, check=True)
    body = json.loads(process.stdout)
    assert (set(body), body["count"], len(body["links"])) == ({"links", "count"}, 12_000, 12_000)
    assert {frozenset(link) for link in body["links"]} == {frozenset(FIELDS)}
    assert len({link["slashtag"] for link in body["links"]}) == len({link["id"] for link in body["links"]}) == 12_000
    assert {(link["destination"], link["ttl"], link["ttlCapped"]) for link in body["links"]} == {
        (DESTINATION, 86_400, None)
    }
    assert len(expiries := {link["expiresAt"] for link in body["links"]}) == 1, "all shards have the same expiry"
    assert started + 86_400 <= expiries.pop() <= int(time.time()) + 86_400
    for link in (body["links"][0], body["links"][-1]):
        assert link["shortUrl"] == f"{system.url.partition('://')[2]}/{link['slashtag']}"
        assert destination(link["shortUrl"]) == DESTINATION
    assert min(len(link["slashtag"]) for link in body["links"]) == 5


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_without_a_ttl_links_have_the_longest_ttl_of_the_plan(system: System, method: str) -> None:
    started = int(time.time())
    body = put(system, method, count=3).json()
    assert (set(body), body["count"]) == ({"links", "count"}, 3)
    for link in body["links"]:
        assert (link["ttl"], link["ttlCapped"]) == (MAX_TTL, None)
        assert started + MAX_TTL <= link["expiresAt"] <= int(time.time()) + MAX_TTL
        query = f"SELECT expires_at FROM links WHERE slug = '{link['slashtag']}'"
        assert str(system.sql(query)[0][0])[:19] == time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(link["expiresAt"]))


@pytest.mark.parametrize("ttl", [31_536_000, MAX_TTL + 1, 10**30])
def test_a_ttl_beyond_the_plan_is_capped_as_both_examples_show(system: System, ttl: int) -> None:
    body = put(system, count=2, ttl=ttl).json()
    cap = {"requestedValue": ttl, "appliedValue": MAX_TTL, "reason": "plan_max_exceeded"}
    assert (set(body), body["ttlCapped"]) == ({"links", "count", "ttlCapped"}, True)
    assert [(link["ttl"], link["ttlCapped"]) for link in body["links"]] == [(MAX_TTL, cap)] * 2


@pytest.mark.parametrize("ttl", [3600, MAX_TTL])
def test_a_ttl_within_the_plan_is_applied(system: System, ttl: int) -> None:
    body = put(system, ttl=ttl).json()
    assert ("ttlCapped" in body, body["links"][0]["ttl"], body["links"][0]["ttlCapped"]) == (False, ttl, None)


def test_a_slashtag_and_a_title_are_for_one_link(system: System) -> None:
    link = put(system, slashtag="abc12", title="Ünïcode").json()["links"][0]
    assert (link["slashtag"], destination(link["shortUrl"])) == ("abc12", DESTINATION)
    assert system.sql("SELECT title FROM links WHERE slug = 'abc12'") == [("Ünïcode",)]
    assert system.client.get("/abc12").status_code == 302
    again = put(system, slashtag="abc12")
    assert (again.status_code, again.json()["code"], again.json()["property"]) == (403, "AlreadyExists", "slashtag")
    assert "slashtag" in again.json()["message"]
    assert put(system, slashtag="api").json()["code"] == "AlreadyExists"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("destination", OMITTED), ("destination", None), ("destination", ""), ("destination", "nope"),
        ("destination", 5), ("destination", "https://a.b/" + "é" * 2037), ("forwardParameters", True),
        ("domainId", OMITTED), ("domainId", ""), ("domainId", " "), ("domainId", "abc123xyz"), ("domainId", 5),
        ("count", OMITTED), ("count", None), ("count", 0), ("count", -1), ("count", 1.5), ("count", "12"),
        ("count", True), ("count", 50_001), ("count", 10**30), ("ttl", 3599), ("ttl", "86400"), ("ttl", True),
        ("ttl", 3600.5), ("ttl", -1), ("slashtag", "a b"), ("slashtag", 5), ("slashtag", "x" * 65), ("title", ["x"]),
        ("title", "x" * 501), ("domainId", "\0"), ("destination", "https://a.b/\ud800"),
    ],
)  # fmt: skip
def test_an_error_names_its_property(system: System, name: str, value: Any) -> None:
    before = system.sql("SELECT count(*) FROM links")
    answer = put(system, **{name: value})
    body = answer.json()
    assert (answer.status_code, body["code"], body["property"]) == (403, "InvalidFormat", name)
    assert name in body["message"]
    assert body["errors"] == [{part: body[part] for part in ("code", "property", "message")}]
    assert system.sql("SELECT count(*) FROM links") == before


def test_a_destination_is_counted_as_it_is_sent(system: System) -> None:
    link = put(system, destination="https://a.b/" + "é" * 2036).json()["links"][0]
    assert link["destination"] == "https://a.b/" + "é" * 2036
    assert destination(link["shortUrl"]) == "https://a.b/" + "%C3%A9" * 2036


def test_a_short_link_cannot_be_the_destination(system: System) -> None:
    answer = put(system, count=5, destination=f"{system.url}/abc")
    assert (answer.status_code, answer.json()["code"], answer.json()["property"]) == (
        403,
        "InvalidFormat",
        "destination",
    )


def test_several_links_cannot_share_a_slashtag(system: System) -> None:
    answer = put(system, count=2, slashtag="shared")
    assert (answer.status_code, answer.json()["property"]) == (403, "slashtag")


def test_null_means_absent_and_unknown_fields_are_ignored(system: System) -> None:
    body = put(system, ttl=None, slashtag=None, title=None, favourite=True, forwardParameters=False, new=1).json()
    assert (body["count"], body["links"][0]["ttl"]) == (1, MAX_TTL)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"5", b"\xff", b"[" * 100_000])
def test_a_malformed_body_is_an_invalid_format(system: System, body: bytes) -> None:
    answer = httpx.put(system.url + PATH, content=body, headers={"apikey": system.key["token"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "InvalidFormat")


def test_a_wrong_key_or_workspace_is_refused(system: System) -> None:
    body = {"destination": DESTINATION, "domainId": system.key["domain_id"], "count": 1}
    token = system.key["token"]
    other = new_key(system, "--workspace", "other")
    for headers, status, code in (
        ({}, 401, "Unauthorized"),
        ({"apikey": "nope"}, 401, "Unauthorized"),
        ({"Authorization": f"Bearer {token}"}, 401, "Unauthorized"),
        ({"apikey": token, "workspace": other["workspace_id"]}, 403, "Forbidden"),
        ({"apikey": token, "workspace": "abc"}, 403, "Forbidden"),
        ({"apikey": new_key(system, "--scopes", "read")["token"]}, 403, "Forbidden"),
    ):
        answer = httpx.put(system.url + PATH, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["message"]
    own = {"apikey": other["token"], "workspace": other["workspace_id"]}
    assert httpx.put(system.url + PATH, json=body, headers=own).json()["count"] == 1
    assert put(system, key=new_key(system, "--scopes", "write")).status_code == 200


@pytest.mark.usefixtures("steady_hour")
def test_an_hourly_limit_allows_the_links_that_remain(system: System) -> None:
    builder = new_key(system, "--workspace", "limited", "--plan", "builder")
    assert put(system, key=builder, count=49_998).json()["count"] == 49_998
    partial = put(system, key=builder, count=5).json()
    assert (partial["count"], len(partial["links"]), partial["requested"]) == (2, 2, 5)
    assert partial["reason"] == "The plan's limit of links is reached."
    refused = put(system, key=builder, count=5)
    assert (refused.status_code, refused.json()["code"]) == (403, "Forbidden")


def test_prefer_respond_async_returns_the_job(system: System) -> None:
    body = {"destination": DESTINATION, "domainId": system.key["domain_id"], "count": 2000}
    headers = {"apikey": system.key["token"], "Prefer": "respond-async"}
    answer = httpx.put(system.url + PATH, json=body, headers=headers)
    assert answer.status_code == 202
    job = system.wait_for_job(answer)
    assert (job["source"], job["counts"]["created"]) == ("rebrandly", 2000)


@pytest.mark.parametrize(
    ("ttl", "longest", "applied", "capped"),
    [
        (None, 100, 100, None),
        (50, 100, 50, None),
        (200, 100, 100, 200),
        (200, 0, 200, None),
        (10**30, 0, 2**31 - 1, 10**30),
    ],
)
def test_a_lifetime_is_the_shorter_of_ttl_and_plan(
    ttl: int | None, longest: int, applied: int, capped: int | None
) -> None:
    lifetime = rebrandly._lifetime(ttl, longest)
    assert (lifetime.ttl, lifetime.capped_ttl) == (applied, capped)
    assert lifetime.expires_at is not None


def test_without_any_ttl_links_live_forever() -> None:
    assert rebrandly._lifetime(None, 0) == rebrandly.Lifetime(0, None, None)
