"""Who is asking, what the plan allows, what was used of it, and what a workspace may set."""

from typing import Any

import pytest

from tests.system import System
from tests.web.commands import client, flask, new_key
from web.vendors import BATCH_LIMITS

UNLIMITED = dict.fromkeys(("bulk_calls_per_hour", "links_per_hour", "links_per_day", "total_links"))


def test_a_key_learns_who_it_is(system: System) -> None:
    key = new_key(system, "--workspace", "who", "--name", "reader", "--scopes", "read")
    with client(system, key) as asking:
        answer = asking.get("/api/me")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"workspace", "key", "plan", "limits", "use"}
    assert body["workspace"] == {"id": key["workspace_id"], "name": "who"}
    assert body["key"] == {"id": key["id"], "name": "reader", "scopes": ["read"]}
    assert body["plan"] == "builder"


def test_what_is_unlimited_is_null_and_not_counted(system: System) -> None:
    body = system.client.get("/api/me").json()
    assert body["limits"] == UNLIMITED | {"longest_ttl": 7_776_000, "batch": BATCH_LIMITS, "bulk_limit": 50}
    use = ("bulk_calls", "links_this_hour", "links_today", "links_total")
    assert (body["plan"], body["use"]) == ("enterprise", dict.fromkeys(use))


@pytest.mark.usefixtures("steady_hour")
@pytest.mark.parametrize(
    ("plan", "limits", "use"),
    [
        (
            "pro",
            {"bulk_calls_per_hour": 50, "links_per_day": 10_000},
            {"bulk_calls": 1, "links_this_hour": None, "links_today": 2, "links_total": None},
        ),
        (
            "builder",
            {"bulk_calls_per_hour": 500, "links_per_hour": 50_000},
            {"bulk_calls": 1, "links_this_hour": 2, "links_today": None, "links_total": None},
        ),
    ],
)
def test_use_is_what_was_made(system: System, plan: str, limits: dict[str, int], use: dict[str, Any]) -> None:
    with client(system, new_key(system, "--workspace", f"used {plan}", "--plan", plan)) as asking:
        rows = "url\nhttps://a.b/\nnonsense\nhttps://a.b/\n"
        asking.post("/api/jobs", content=rows, headers={"Content-Type": "text/csv", "Prefer": "wait=30"})
        body = asking.get("/api/me").json()
    assert {name: body["limits"][name] for name in UNLIMITED} == UNLIMITED | limits
    assert body["use"] == use


def test_a_workspace_sets_how_long_its_calls_may_be(system: System) -> None:
    with client(system, new_key(system, "--workspace", "setter")) as asking:
        for wanted, told in ((200, 200), (1, 1), (None, 50), (100_000, 100_000)):
            answer = asking.patch("/api/me", json={"bulk_limit": wanted})
            assert (answer.status_code, answer.json()["limits"]["bulk_limit"]) == (200, told)
        assert asking.patch("/api/me", json={}).json()["limits"]["bulk_limit"] == 100_000
        assert asking.get("/api/me").json()["limits"]["bulk_limit"] == 100_000
    assert system.client.get("/api/me").json()["limits"]["bulk_limit"] == 50


@pytest.mark.parametrize("wanted", [0, -1, 100_001, 1.5, "60", True, [], {}])
def test_a_limit_is_a_whole_number(system: System, wanted: Any) -> None:
    answer = system.client.patch("/api/me", json={"bulk_limit": wanted})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/bulk_limit")


def test_nothing_else_of_it_can_be_set(system: System) -> None:
    answer = system.client.patch("/api/me", json={"plan": "enterprise"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/plan")


def test_to_look_is_to_read_and_to_set_is_to_write(system: System) -> None:
    for scope, statuses in (("read", (200, 403)), ("write", (403, 200))):
        with client(system, new_key(system, "--workspace", "scoped", "--scopes", scope)) as asking:
            answers = (asking.get("/api/me"), asking.patch("/api/me", json={"bulk_limit": 60}))
        assert tuple(answer.status_code for answer in answers) == statuses


def test_an_operator_sets_it_for_a_workspace_by_name(system: System) -> None:
    with client(system, new_key(system, "--workspace", "operated")) as asking:
        for wanted, told in (("70", 70), ("0", 50)):
            done = flask(system, "workspaces", "set", "--workspace", "operated", "--bulk-limit", wanted)
            assert (done.returncode, asking.get("/api/me").json()["limits"]["bulk_limit"]) == (0, told)
    for arguments in (["--workspace", "nobody", "--bulk-limit", "5"], ["--bulk-limit", "-1"], []):
        done = flask(system, "workspaces", "set", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
