"""/openapi.json tells the truth: what Schemathesis makes up by it gets the answers that it promises."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.system import System
from tests.web.commands import client, new_key
from web import create_app

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MOST_ROWS = 20
UNDESCRIBED = ("static", "api-docs.", "docs.", "app.", "front.")
QUICK = settings(
    max_examples=4,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
FILES = ("text/csv", "text/tab-separated-values", "application/x-ndjson", "application/ndjson", "application/jsonl")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@schemathesis.serializer(*FILES, XLSX)
def as_bytes(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@pytest.fixture
def stranger(system: System) -> Iterator[httpx.Client]:
    """Somebody with a workspace of his own, in which nobody else is disturbed; the documented slugs he leaves free."""
    key = new_key(system, "--workspace", "schema")
    with client(system, key) as made:
        yield made
    system.sql(f"DELETE FROM links WHERE workspace_id = {key['workspace_id']}")


def what_is_there(client: httpx.Client) -> dict[str, str]:
    """One of each kind, by the name that its id has in paths."""

    def made(path: str, body: Any) -> Any:
        return client.post(path, json=body, headers={"Prefer": "wait=30"}).raise_for_status().json()

    endpoint = made("/api/webhooks", {"url": "http://127.0.0.1:9/"})["id"]
    found = {
        "job_id": made("/api/jobs", {"links": [{"url": "https://a.b"}, {"url": "nope"}]})["id"],
        "link_id": made("/api/links", {"url": "https://a.b"})["id"],
        "group_id": made("/api/groups", {"name": "some"})["id"],
        "tag_id": made("/api/tags", {"name": "some"})["id"],
        "domain_id": made("/api/domains", {"hostname": "schema.example"})["id"],
        "key_id": made("/api/keys", {"name": "spare"})["id"],
        "endpoint_id": endpoint,
        "delivery_id": made(f"/api/webhooks/{endpoint}/test", {})["id"],
        "slug": "schema",
    }
    made("/api/links", {"url": "https://a.b", "slug": found["slug"], "password": "x"})
    return {name: str(value) for name, value in found.items()}


def described(system: System) -> Any:
    spec = json.dumps(system.client.get("/openapi.json").raise_for_status().json())
    found = schemathesis.openapi.from_dict(json.loads(spec.replace('"maximum": 5000000', f'"maximum": {MOST_ROWS}')))
    found.config.update(base_url=system.url)
    return found


def fault(operation: Any, mode: schemathesis.GenerationMode, headers: Any, ids: dict[str, str]) -> str | None:
    """What is wrong with an operation, when these ids stand in its path."""

    @QUICK
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.path_parameters = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
        case.call_and_validate(checks=CHECKS, headers=headers, timeout=30)

    try:
        check()
    except Unsatisfiable:  # nothing can be wrong where nothing is asked
        return None
    except (Exception, FailureGroup) as error:
        return f"{operation.label}: {error} {getattr(error, 'exceptions', '')}"
    return None


@pytest.mark.timeout(180)
@pytest.mark.parametrize("system", ["postgresql"], indirect=True)
def test_what_is_promised_is_answered(system: System, stranger: httpx.Client) -> None:
    headers = {"Authorization": stranger.headers["Authorization"]}
    known = what_is_there(stranger)
    operations = [found.ok() for found in described(system).get_all_operations()]
    found = [
        fault(operation, mode, headers, ids)
        for operation in sorted(operations, key=lambda operation: operation.method == "delete")
        for mode in schemathesis.GenerationMode
        for ids in ({}, known)[: 1 + ("{" in operation.path)]
    ]
    assert not any(found), "\n\n".join(filter(None, found))
    assert len(operations) > 50


def test_every_route_is_described(system: System) -> None:
    described = system.client.get("/openapi.json").json()["paths"]
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in create_app().url_map.iter_rules()
        if not rule.endpoint.startswith(UNDESCRIBED)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {(path, method) for path, found in described.items() for method in found if method != "parameters"}
