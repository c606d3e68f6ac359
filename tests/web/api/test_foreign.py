"""Another workspace's things: whatever the route and the method, they are not there, and nothing happens to them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from werkzeug.routing import Rule

from tests.shared_app import shared_app
from tests.system import System
from tests.web.commands import client, new_key
from tests.web.foreign import MAKERS

PUBLIC = {"slug", "filename"}  # short links are for everybody, and so is what pages are made of
PARAMETER = re.compile(r"<(?:[^<>]*:)?(\w+)>")
SILENT = {"HEAD", "OPTIONS"}


@pytest.fixture(scope="module")
def stranger(system: System) -> Iterator[httpx.Client]:
    """Somebody who may do everything, elsewhere."""
    with client(system, new_key(system, "--workspace", "strangers", "--plan", "enterprise")) as found:
        yield found


def rules() -> list[Rule]:
    """The pages of the dashboard know nobody by a header: tests/web/dashboard/test_foreign.py looks at them."""
    every = shared_app().url_map.iter_rules()
    return [rule for rule in every if rule.arguments - PUBLIC and not rule.rule.startswith("/app/")]


def calls() -> list[tuple[str, str]]:
    return sorted((method, rule.rule) for rule in rules() for method in (rule.methods or set()) - SILENT)


def filled(path: str, ids: dict[str, str]) -> str:
    return PARAMETER.sub(lambda found: ids[found[1]], path)


def state(system: System) -> dict[str, Any]:
    """All that the owner can see of what they have, and what the database has besides."""
    lists = ("jobs", "links", "webhooks", "groups", "tags", "domains", "keys")
    seen = {name: system.client.get(f"/api/{name}", params={"limit": 1000}).raise_for_status().json() for name in lists}
    for name, moving in (("keys", "last_used_at"), ("webhooks", "failing_since")):
        for one in seen[name]["items"]:
            one.pop(moving)
    return seen | {name: system.sql(f"SELECT count(*) FROM {name}") for name in ("deliveries", "items", "jobs", "keys")}


def test_every_kind_of_id_is_known_here() -> None:
    named = {name for rule in rules() for name in rule.arguments} - PUBLIC
    assert named == set(MAKERS), "a route has an id that nobody makes here, or the other way round"


@pytest.mark.parametrize(("method", "path"), calls())
def test_what_is_anothers_is_not_there(
    tenant: System, stranger: httpx.Client, tenant_ids: dict[str, str], method: str, path: str
) -> None:
    before = state(tenant)
    answers = send(stranger, method, filled(path, tenant_ids))
    if path.startswith("/api/"):
        assert [answer.json()["code"] for answer in answers] == ["NOT_FOUND"]
        assert answers[0].headers["Content-Type"] == "application/problem+json"
    assert {answer.status_code for answer in answers} - {401} == {404}
    for answer in answers:
        assert not [name for name, value in tenant_ids.items() if len(value) > 9 and value in answer.text]
    assert json.dumps(state(tenant)) == json.dumps(before)


def send(caller: httpx.Client, method: str, path: str) -> list[httpx.Response]:
    """Make a call. A path of vendors is called with the key in each of their ways: one of them is right."""
    scheme = caller.headers["Authorization"]
    keys = [scheme] if path.startswith("/api/") else [scheme, scheme.removeprefix("Bearer ")]
    headers = {"Content-Type": "application/json"}
    return [caller.request(method, path, content=b"{}", headers=headers | {"Authorization": key}) for key in keys]


@pytest.mark.parametrize(("method", "path"), [call for call in calls() if call[0] == "GET"])
def test_their_owner_sees_all_of_it(tenant: System, tenant_ids: dict[str, str], method: str, path: str) -> None:
    assert 200 in [answer.status_code for answer in send(tenant.client, method, filled(path, tenant_ids))]
