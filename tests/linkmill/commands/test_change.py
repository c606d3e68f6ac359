"""`linkmill update` and `linkmill delete`: what they refuse, what they ask, and what becomes of the links."""

import json
import secrets
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from linkmill import Client
from linkmill.commands import change
from tests.linkmill import shell
from tests.system import System


@pytest.mark.parametrize(
    ("command", "arguments", "problem"),
    [
        (change.update, [], "either FILE, or --where, or --all"),
        (change.delete, ["a.csv", "--where", "tag=x"], "either FILE, or --where, or --all"),
        (change.delete, ["--all", "--where", "tag=x"], "either FILE, or --where, or --all"),
        (change.update, ["--where", "tag=x", "--yes"], "--set goes with --where or --all"),
        (change.update, ["a.csv", "--set", "title=x"], "--set goes with --where or --all"),
        (change.update, ["--all", "--set", "title"], "it must look like"),
        (change.delete, ["--where", "tag=", "--yes"], "it must look like"),
        (change.delete, ["a.csv"], "there is no terminal for a confirmation: pass --yes"),
        (change.delete, ["--all"], "there is no terminal for a confirmation: pass --yes"),
        (change.delete, ["--all", "--yes", "--new"], "--new and --format are for files"),
        (change.delete, ["a.csv", "--yes", "--new", "--idempotency-key", "k"], "--idempotency-key or --new"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(
    command: click.Command, arguments: list[str], problem: str
) -> None:
    done = CliRunner().invoke(command, arguments, env={"LINKMILL_KEY": "key", "LINKMILL_SERVER": "http://a.b"})
    assert done.exit_code == 2
    assert problem in done.output


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("title", "Spring", "Spring"),
        ("title", "", None),
        ("tags", "a|b", ["a", "b"]),
        ("add_tags", "a", ["a"]),
        ("tags", "", None),
        ("max_clicks", "5", 5),
        ("max_clicks", "many", "many"),
        ("disabled", "true", True),
        ("disabled", "false", False),
        ("disabled", "maybe", "maybe"),
    ],
)
def test_a_value_has_the_type_of_its_field(field: str, text: str, value: Any) -> None:
    assert change.parse_value(field, text) == value


@pytest.fixture
def tag(system: System) -> str:
    """The tag of three links that no other test has."""
    name = f"cli-{secrets.token_hex(4)}"
    links = [{"url": f"https://change.example/{n}", "external_id": f"{name}-{n}", "tags": [name]} for n in range(3)]
    with Client(system.url, system.key["token"]) as client:
        client.push(links).wait()
    return name


def links_of(system: System, tag: str) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = system.client.get("/api/links", params={"tag": tag}).json()["items"]
    return links


def test_a_file_changes_the_links_that_it_names(system: System, tag: str, tmp_path: Path) -> None:
    path = tmp_path / "changes.csv"
    path.write_text(f"external_id,title,url\n{tag}-0,New title,\n{tag}-1,,https://moved.example/\nnone-such,x,\n")
    dry_run = shell.linkmill(system, "update", path, "--dry-run", "--json")
    assert (dry_run.returncode, json.loads(dry_run.stdout)["counts"]["updated"]) == (1, 2)
    assert {link["title"] for link in links_of(system, tag)} == {None}
    done = shell.linkmill(system, "update", path, "--yes")
    assert done.returncode == 1, done.stderr
    assert "2 updated, 1 failed; 1 NOT_FOUND" in done.stderr
    assert done.stdout.splitlines()[3].endswith("There is no such link.") or "NOT_FOUND" in done.stdout
    links = {link["external_id"]: link for link in links_of(system, tag)}
    assert links[f"{tag}-0"]["title"] == "New title"
    assert links[f"{tag}-1"]["url"] == "https://moved.example/"


def test_a_query_changes_all_links_that_match_and_an_undo_takes_it_back(system: System, tag: str) -> None:
    where = ("--where", f"tag={tag}")
    done = shell.linkmill(system, "update", *where, "--set", "title=Sale", "--set", "max_clicks=9", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    job = json.loads(done.stdout)
    assert (job["kind"], job["counts"]["updated"]) == ("update", 3)
    assert {(link["title"], link["max_clicks"]) for link in links_of(system, tag)} == {("Sale", 9)}
    undone = shell.linkmill(system, "undo", job["id"])
    assert undone.returncode == 0, undone.stderr
    assert {(link["title"], link["max_clicks"]) for link in links_of(system, tag)} == {(None, None)}


def test_a_person_is_asked_with_the_number_of_links(system: System, tag: str) -> None:
    code, shown = shell.on_a_terminal(system, "delete", "--where", f"tag={tag}", asked="[y/N]", typed="n\r")
    assert (code, "delete 3 links? [y/N]" in shown) == (130, True)
    assert len(links_of(system, tag)) == 3
    code, shown = shell.on_a_terminal(system, "delete", "--where", f"tag={tag}", asked="[y/N]", typed="y\r")
    assert code == 0, shown
    assert links_of(system, tag) == []


def test_a_file_of_links_is_deleted_only_with_consent(system: System, tag: str, tmp_path: Path) -> None:
    path = tmp_path / "gone.ndjson"
    path.write_text("".join(json.dumps({"id": link["id"]}) + "\n" for link in links_of(system, tag)))
    code, _ = shell.on_a_terminal(system, "delete", path, asked="[y/N]", typed="\r")
    assert (code, len(links_of(system, tag))) == (130, 3)
    done = shell.linkmill(system, "delete", path, "--yes", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert links_of(system, tag) == []
