"""/api/domains: hostnames of a workspace's own."""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.system import System
from tests.web.commands import client, new_key


@pytest.fixture(scope="module")
def other(system: System) -> Iterator[httpx.Client]:
    with client(system, new_key(system, "--workspace", "another one's domains")) as found:
        yield found


def hostname() -> str:
    return f"{os.urandom(6).hex()}.example"


def make(client: httpx.Client, name: str) -> dict[str, Any]:
    made = client.post("/api/domains", json={"hostname": name})
    assert made.status_code == 201, made.text
    assert client.get(made.headers["Location"]).json() == made.json()
    return dict(made.json())


def default(client: httpx.Client) -> dict[str, Any]:
    (found,) = [one for one in client.get("/api/domains").json()["items"] if one["is_default"]]
    return dict(found)


def test_the_default_domain_is_everybodys(system: System, other: httpx.Client) -> None:
    assert default(system.client) == default(other)
    assert default(other)["hostname"] == urlsplit(system.url).netloc
    assert default(other)["id"] == system.key["domain_id"]


def test_a_hostname_is_kept_as_browsers_send_it(system: System) -> None:
    name = hostname()
    made = make(system.client, f" {name.upper()}. ")
    assert (made["hostname"], made["is_default"]) == (name, False)
    assert make(system.client, f"bücher.{name}")["hostname"] == f"xn--bcher-kva.{name}"


def test_links_are_made_on_it_and_lead_from_it(system: System) -> None:
    domain = make(system.client, hostname())
    for named in (domain["id"], domain["hostname"].upper()):
        link = system.post({"url": "https://example.com/", "domain": named}, "/api/links").json()
        assert link["short_url"] == f"http://{domain['hostname']}/{link['slug']}"
        answer = httpx.get(f"{system.url}/{link['slug']}", headers={"Host": domain["hostname"]})
        assert (answer.status_code, answer.headers.get("Location")) == (302, "https://example.com/")


def test_a_hostname_is_one_workspaces_only(system: System, other: httpx.Client) -> None:
    made = make(system.client, hostname())
    for asking in (system.client, other):
        answer = asking.post("/api/domains", json={"hostname": made["hostname"].upper()})
        assert (answer.status_code, answer.json()["code"]) == (409, "HOSTNAME_TAKEN")
        assert answer.json()["errors"][0]["pointer"] == "/hostname"
    assert made not in other.get("/api/domains").json()["items"]
    assert other.post("/api/links", json={"url": "https://a.b/", "domain": made["id"]}).status_code == 422


def test_a_domain_in_use_stays(system: System) -> None:
    domain = make(system.client, hostname())
    path = f"/api/domains/{domain['id']}"
    link = system.post({"url": "https://example.com/", "domain": domain["id"]}, "/api/links").json()
    answer = system.client.delete(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert system.client.delete(f"/api/links/{link['id']}").status_code == 204
    assert system.client.delete(path).status_code == 409, "its job is on it still"


def test_an_unused_domain_goes_and_is_free(system: System, other: httpx.Client) -> None:
    domain = make(system.client, hostname())
    path = f"/api/domains/{domain['id']}"
    assert system.client.delete(path).status_code == 204
    assert system.client.get(path).status_code == system.client.delete(path).status_code == 404
    assert make(other, domain["hostname"])["id"] != domain["id"]


def test_the_default_domain_stays(system: System, other: httpx.Client) -> None:
    for asking in (system.client, other):
        answer = asking.delete(f"/api/domains/{system.key['domain_id']}")
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"hostname": None}, {"hostname": 5}, {"hostname": []}, {"hostname": ""}, {"hostname": "a b.example"},
        {"hostname": "localhost"}, {"hostname": "127.0.0.1"}, {"hostname": "a.example:80"}, {"hostname": "\0.example"},
        {"hostname": "\ud800.example"}, {"hostname": "x" * 100_000}, {"hostname": "a.example", "id": 5}, [],
        "a.example",
    ],
)  # fmt: skip
def test_what_is_no_hostname_is_told_so(system: System, body: Any) -> None:
    headers = {"Content-Type": "application/json"}
    answer = system.client.post("/api/domains", content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json"), answer.text
    assert answer.json()["errors"][0]["pointer"]


@pytest.mark.parametrize("domain_id", ["x", "0", "-1", "9" * 18, "9" * 30, "%00", "localhost"])
def test_what_is_no_id_is_no_domain(system: System, domain_id: str) -> None:
    for answer in (system.client.get(f"/api/domains/{domain_id}"), system.client.delete(f"/api/domains/{domain_id}")):
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
