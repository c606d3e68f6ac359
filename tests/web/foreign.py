"""Things of each kind that has an id in our routes, for the tests of who may have to do with them."""

from collections.abc import Callable
from typing import Any

from tests.system import System

Make = Callable[[System], str]


def job(system: System) -> str:
    return str(system.wait_for_job(system.post({"url": "https://a.b/", "count": 2}))["id"])


def made(path: str, body: Any) -> Make:
    return lambda system: str(system.post(body, path).raise_for_status().json()["id"])


def delivery(system: System) -> str:
    endpoint = made("/api/webhooks", {"url": "http://127.0.0.1:9/"})(system)
    return str(system.post(path=f"/api/webhooks/{endpoint}/test").raise_for_status().json()["id"])


MAKERS: dict[str, Make] = {
    "job_id": job,
    "link_id": made("/api/links", {"url": "https://a.b/"}),
    "endpoint_id": made("/api/webhooks", {"url": "http://127.0.0.1:9/"}),
    "delivery_id": delivery,
    "group_id": made("/api/groups", {"name": "foreign", "id": 4711}),
    "tag_id": made("/api/tags", {"name": "foreign", "id": 4711}),
    "domain_id": made("/api/domains", {"hostname": "foreign.example"}),
    "key_id": made("/api/keys", {"name": "foreign"}),
}
"""For each kind of id in our routes, somebody who makes such a thing. A new kind of id needs a line here."""
