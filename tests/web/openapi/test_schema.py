"""/openapi.json is true: requests that Schemathesis generates from it get the answers that it describes."""

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

from tests.shared_app import shared_app
from tests.system import System
from tests.web.commands import client, new_key

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MAX_ROWS = 20
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
def workspace(system: System) -> Iterator[httpx.Client]:
    """A client with a workspace of its own. Its links are removed afterwards, since they have the documented slugs."""
    key = new_key(system, "--workspace", "schema")
    with client(system, key) as client_:
        yield client_
    system.sql(f"DELETE FROM links WHERE workspace_id = {key['workspace_id']}")


def create_one_of_each(client: httpx.Client) -> dict[str, str]:
    """Create a resource of each kind; return the ids by their names in paths."""

    def create(path: str, body: Any) -> Any:
        return client.post(path, json=body, headers={"Prefer": "wait=30"}).raise_for_status().json()

    endpoint = create("/api/webhooks", {"url": "http://127.0.0.1:9/"})["id"]
    ids = {
        "job_id": create("/api/jobs", {"links": [{"url": "https://a.b"}, {"url": "nope"}]})["id"],
        "link_id": create("/api/links", {"url": "https://a.b"})["id"],
        "group_id": create("/api/groups", {"name": "some"})["id"],
        "tag_id": create("/api/tags", {"name": "some"})["id"],
        "domain_id": create("/api/domains", {"hostname": "schema.example"})["id"],
        "key_id": create("/api/keys", {"name": "spare"})["id"],
        "endpoint_id": endpoint,
        "delivery_id": create(f"/api/webhooks/{endpoint}/test", {})["id"],
        "slug": "schema",
    }
    create("/api/links", {"url": "https://a.b", "slug": ids["slug"], "password": "x"})
    return {name: str(value) for name, value in ids.items()}


def load_schema(system: System) -> Any:
    spec = json.dumps(system.client.get("/openapi.json").raise_for_status().json())
    schema = schemathesis.openapi.from_dict(json.loads(spec.replace('"maximum": 5000000', f'"maximum": {MAX_ROWS}')))
    schema.config.update(base_url=system.url)
    return schema


def find_problem(operation: Any, mode: schemathesis.GenerationMode, headers: Any, ids: dict[str, str]) -> str | None:
    """Call an operation with these ids in its path; return what its answers do that is not described."""

    @QUICK
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.path_parameters = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
        case.call_and_validate(checks=CHECKS, headers=headers, timeout=30)

    try:
        check()
    except Unsatisfiable:  # a request without parameters cannot be wrong
        return None
    except (Exception, FailureGroup) as error:
        return f"{operation.label}: {error} {getattr(error, 'exceptions', '')}"
    return None


@pytest.mark.timeout(180)
@pytest.mark.parametrize("system", ["postgresql"], indirect=True)
def test_answers_are_as_described(system: System, workspace: httpx.Client) -> None:
    headers = {"Authorization": workspace.headers["Authorization"]}
    ids_of_resources = create_one_of_each(workspace)
    operations = [result.ok() for result in load_schema(system).get_all_operations()]
    problems = [
        find_problem(operation, mode, headers, ids)
        for operation in sorted(operations, key=lambda operation: operation.method == "delete")
        for mode in schemathesis.GenerationMode
        for ids in ({}, ids_of_resources)[: 1 + ("{" in operation.path)]
    ]
    assert not any(problems), "\n\n".join(filter(None, problems))
    assert len(operations) > 50


def test_every_route_is_described(system: System) -> None:
    paths = system.client.get("/openapi.json").json()["paths"]
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in shared_app().url_map.iter_rules()
        if not rule.endpoint.startswith(UNDESCRIBED)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {
        (path, method) for path, operations in paths.items() for method in operations if method != "parameters"
    }
