"""What operators type."""

import json
import stat
from pathlib import Path

import pytest

from tests.fixtures.processes import process_environment
from tests.shared_app import shared_app
from tests.system import System
from tests.web.commands import client, flask, flask_process, new_key

FIELDS = {"id", "name", "workspace_id", "domain_id", "token", "consumer_key", "consumer_secret"}


def test_a_key_is_printed_once_with_the_secret_of_a_new_workspace(system: System) -> None:
    done = flask_process(system, "keys", "create", "--json", "--workspace", "fresh", "--name", "one")
    assert done.returncode == 0, done.stderr
    first = json.loads(done.stdout)
    second = new_key(system, "--workspace", "fresh", "--plan", "pro", "--scopes", "read")
    assert set(first) == FIELDS | {"webhook_secret"}
    assert set(second) == FIELDS
    assert (first["name"], first["workspace_id"]) == ("one", second["workspace_id"])
    assert first["webhook_secret"].startswith("whsec_")
    assert first["domain_id"] == system.key["domain_id"]
    plans = system.sql("SELECT plan FROM workspaces WHERE name = 'fresh'")
    assert plans == [("pro",)]
    with client(system, first) as asking:
        assert asking.get("/api/jobs").json() == {"items": [], "next_cursor": None}


def test_a_new_workspace_is_on_the_builder_plan_and_the_first_on_enterprise(system: System) -> None:
    new_key(system, "--workspace", "plain")
    assert system.sql("SELECT plan FROM workspaces WHERE name = 'plain'") == [("builder",)]
    assert system.sql("SELECT plan FROM workspaces WHERE name = 'default'") == [("enterprise",)]


def test_only_hashes_of_secrets_are_kept(system: System) -> None:
    key = new_key(system)
    (row,) = system.sql(f"SELECT * FROM keys WHERE id = {key['id']}")
    assert key["consumer_key"] in row
    assert key["token"] not in row
    assert key["consumer_secret"] not in row


def test_without_json_it_is_for_people(system: System) -> None:
    done = flask(system, "keys", "create")
    assert "token            lm_" in done.stdout


def test_a_key_without_a_plan_leaves_that_of_its_workspace(system: System) -> None:
    new_key(system, "--workspace", "paying", "--plan", "pro")
    new_key(system, "--workspace", "paying")
    assert system.sql("SELECT plan FROM workspaces WHERE name = 'paying'") == [("pro",)]
    assert flask(system, "workspaces", "set", "--workspace", "paying", "--bulk-limit", "7").returncode == 0
    assert system.sql("SELECT plan FROM workspaces WHERE name = 'paying'") == [("pro",)]
    assert flask(system, "workspaces", "set", "--workspace", "paying", "--plan", "enterprise").returncode == 0
    rows = system.sql("SELECT plan, bulk_limit FROM workspaces WHERE name = 'paying'")
    assert rows == [("enterprise", 7)]


def test_keys_are_listed_and_revoked(system: System) -> None:
    key = new_key(system, "--workspace", "listed", "--name", "till")
    line = flask(system, "keys", "list", "--workspace", "listed", "--json").stdout
    shown = json.loads(line)
    assert (shown["id"], shown["workspace"], shown["name"]) == (key["id"], "listed", "till")
    assert key["token"] not in line
    assert flask(system, "keys", "revoke", key["id"]).returncode == 0
    with client(system, key) as asking:
        assert asking.get("/api/jobs").status_code == 401
    assert " till " in flask(system, "keys", "list").stdout
    assert flask(system, "keys", "revoke", "17").returncode == 2
    assert flask(system, "keys", "list", "--workspace", "nobody").returncode == 2


def test_a_workspace_is_created_once_and_listed(system: System) -> None:
    done = flask(system, "workspaces", "create", "--workspace", "agency", "--plan", "pro", "--json")
    row = json.loads(done.stdout)
    assert (row["plan"], row["webhook_secret"][:6]) == ("pro", "whsec_")
    assert flask(system, "workspaces", "create", "--workspace", "agency").returncode == 1
    assert f"{row['id']}  agency" in flask(system, "workspaces", "list").stdout
    assert row["id"] in flask(system, "workspaces", "list", "--json").stdout


def test_a_workspace_is_deleted_only_after_a_yes(system: System) -> None:
    key = new_key(system, "--workspace", "closing")
    with client(system, key) as asking:
        asking.post("/api/links", json={"url": "https://a.b", "slug": "of-closing", "tags": ["x"]}).raise_for_status()
    refused = flask(system, "workspaces", "delete", "--workspace", "closing")
    assert (refused.returncode, "1 link\n" in refused.stdout) == (1, True)
    assert system.sql("SELECT url FROM links WHERE slug = 'of-closing'") == [("https://a.b/",)]
    assert flask(system, "workspaces", "delete", "--workspace", "closing", "--yes").returncode == 0
    assert system.sql("SELECT url FROM links WHERE slug = 'of-closing'") == []
    assert system.sql("SELECT id FROM workspaces WHERE name = 'closing'") == []
    with client(system, key) as asking:
        assert asking.get("/api/jobs").status_code == 401
    assert flask(system, "workspaces", "delete", "--workspace", "closing", "--yes").returncode == 2


@pytest.mark.parametrize(
    "arguments", [["--scopes", "admin"], ["--scopes", ""], ["--plan", "free"], ["--workspace", " "]]
)
def test_a_wrong_word_is_refused(system: System, arguments: list[str]) -> None:
    done = flask(system, "keys", "create", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert arguments[0] in done.stderr


def test_the_first_key_is_for_its_owners_eyes(system: System) -> None:
    path = system.data_dir / "first-key.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(json.loads(path.read_text())) == FIELDS | {"webhook_secret"}


def test_an_upgrade_keeps_the_first_key(system: System) -> None:
    before = (system.data_dir / "first-key.json").read_text()
    assert flask(system, "upgrade").returncode == 0
    assert (system.data_dir / "first-key.json").read_text() == before


def test_no_secret_comes_into_the_log(system: System) -> None:
    system.post({"url": "https://a.b", "password": "hunter2-hunter2"}, "/api/links")
    system.post_csv("url,password\nnope,hunter2-hunter2\nbroken\n", headers={"Prefer": "wait=20"}).raise_for_status()
    log = system.log()
    for secret in (*(system.key[name] for name in ("token", "consumer_secret", "webhook_secret")), "hunter2"):
        assert secret not in log
    assert not [row for row in system.sql("SELECT input FROM items WHERE input IS NOT NULL") if "hunter2" in row[0]]


@pytest.mark.parametrize(
    ("folder_exists", "problem"), [(False, "is missing or does not answer"), (True, "has no tables of this version")]
)
def test_without_a_database_a_command_says_what_is_missing(tmp_path: Path, folder_exists: bool, problem: str) -> None:
    data_dir = tmp_path / "data"
    if folder_exists:
        data_dir.mkdir()
    with process_environment({"DATA_DIR": str(data_dir)}):
        result = shared_app().test_cli_runner().invoke(args=["keys", "create"])
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    start = f"Error: The database sqlite:///{data_dir}/linkmill.db {problem}; `flask --app web upgrade` or `make run`"
    assert line.startswith(start)
