"""`linkmill verify` as people and scripts call it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from linkmill.verify.command import verify
from linkmill.verify.compare import BLOCK
from tests.linkmill import shell
from tests.linkmill.verify.short_domain import Answer, ShortDomain, short_domain

HEADER = "Short link,line,status,short_url,slug,error_code,error_message\n"


@pytest.fixture
def old() -> Iterator[ShortDomain]:
    with short_domain() as domain:
        yield domain


@pytest.fixture
def new() -> Iterator[ShortDomain]:
    with short_domain("localhost") as domain:
        yield domain


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "results.csv"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(verify, list(map(str, arguments)), standalone_mode=False, catch_exceptions=False)


def write_pairs(file: Path, old: ShortDomain, new: ShortDomain, *paths: str) -> None:
    rows = [f"{old.url}{path},2,created,{new.url}{path},x,,\n" for path in paths]
    file.write_text(HEADER + "".join(rows))


def test_links_that_all_lead_to_the_same_place_are_good(file: Path, old: ShortDomain, new: ShortDomain) -> None:
    old.links({"/a": "https://shop.example", "/b": "https://shop.example/b"})
    new.links({"/a": "https://shop.example/", "/b": "https://shop.example/b"})
    write_pairs(file, old, new, "/a", "/b", "/gone")
    result = run(file, "--allow-private")
    assert result.return_value == 0
    assert result.stdout == ""
    assert result.stderr == "3 pairs: 2 lead to the same place; 1 lead nowhere, as before\n"


def test_what_differs_is_a_table_with_its_lines(file: Path, old: ShortDomain, new: ShortDomain) -> None:
    old.links({"/a": "https://shop.example/a", "/b": "https://shop.example/b"})
    new.links({"/a": "https://shop.example/a", "/b": "https://shop.example/c"})
    write_pairs(file, old, new, "/a", "/b")
    result = run(file, "--allow-private")
    assert result.return_value == 1
    header, row = result.stdout.splitlines()
    assert header.split() == ["line", "result", "old", "link", "destination", "new", "link", "destination"]
    assert row.split()[:2] == ["3", "different"]
    assert row.split()[2:4] == [f"{old.url}/b", "https://shop.example/b"]
    assert row.split()[4:6] == [f"{new.url}/b", "https://shop.example/c"]


def test_the_report_as_json_has_every_kind_of_problem(file: Path, old: ShortDomain, new: ShortDomain) -> None:
    old.links({"/a": "https://shop.example/a", "/off": "https://shop.example/off"})
    new.links({"/a": "https://shop.example/a"})
    new.answers["/off"] = Answer(410)
    write_pairs(file, old, new, "/a", "/off")
    with file.open("a") as more:
        more.write(f"{old.url}/failed,4,failed,,,INVALID_URL,\n")
        more.write(f"{old.url}/a,5,created,{old.url}/a,a,,\n")
        more.write(f"{old.url}/a,6,created,https://nowhere.invalid/a,a,,\n")
    result = run(file, "--allow-private", "--json", "--quiet")
    report = json.loads(result.stdout)
    assert result.return_value == 1
    assert result.stderr == ""
    kinds = ("pairs", "same", "nowhere", "different", "unknown", "missing", "identical")
    assert {kind: report[kind] for kind in kinds} == dict(zip(kinds, (5, 1, 0, 1, 1, 1, 1), strict=True))
    different, missing, identical, unknown = report["problems"]
    place = "https://shop.example/off"
    assert different["old"] == {"url": f"{old.url}/off", "leads_to": place, "status": 302, "reason": None}
    assert different["new"] == {"url": f"{new.url}/off", "leads_to": None, "status": 410, "reason": None}
    assert [each["result"] for each in (missing, identical, unknown)] == ["missing", "identical", "unknown"]
    assert "not known" in unknown["new"]["reason"]


def test_a_domain_that_still_leads_to_the_old_service_is_compared_at_the_new_server(
    file: Path, old: ShortDomain, new: ShortDomain
) -> None:
    old.links({"/a": "https://shop.example/a"})
    new.links({"/a": "https://shop.example/a"})
    file.write_text(f"{HEADER}{old.url}/a,2,created,{old.url}/a,a,,\n")
    assert run(file, "--allow-private").return_value == 1
    assert run(file, "--allow-private", "--new-server", new.url).return_value == 0
    assert new.requests == [("HEAD", old.url.removeprefix("http://"), "/a")]


@pytest.mark.slow
def test_a_long_file_is_compared_in_its_order(file: Path, old: ShortDomain, new: ShortDomain) -> None:
    paths = [f"/{number}" for number in range(BLOCK + 20)]
    places = {path: f"https://shop.example{path}" for path in paths}
    old.links(places)
    new.links(places | {"/7": "https://other.example/", f"/{BLOCK + 3}": "https://other.example/"})
    write_pairs(file, old, new, *paths)
    result = run(file, "--allow-private", "--json", "--at-once", "4")
    assert [problem["line"] for problem in json.loads(result.stdout)["problems"]] == [9, BLOCK + 5]


@pytest.mark.slow
def test_the_installed_command_refuses_private_addresses_and_what_is_no_file(file: Path, old: ShortDomain) -> None:
    file.write_text(f"old,new\n{old.url}/a,{old.url}/b\n")
    done = shell.linkmill(None, "verify", file)
    assert done.returncode == 1
    assert "not at a public address (--allow-private lifts this)" in done.stdout
    assert "1 pairs: 1 gave no answer" in done.stderr
    assert old.requests == []
    done = shell.linkmill(None, "verify", "nothing.csv")
    assert done.returncode == 2
    assert "nothing.csv" in done.stderr
