"""`linkmill push`: a file goes out, its results come back, and the exit code tells."""

import csv
import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests import faults, workbooks
from tests.linkmill import relay
from tests.linkmill.shell import linkmill, on_a_terminal, started
from tests.system import System

pytestmark = pytest.mark.parametrize("system", ["postgresql"], indirect=True)

ESCAPE = "\x1b"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def file(folder: Path, *urls: str, header: str = "url") -> Path:
    path = folder / "urls.csv"
    path.write_text("\n".join((header, *urls)) + "\n")
    return path


def job_of(system: System, said: str) -> dict[str, Any]:
    found = re.search(r"job (\d+)", said)
    assert found, said
    return system.job(found[1])


def test_results_are_written_and_nothing_is_on_standard_output(system: System, tmp_path: Path) -> None:
    done = linkmill(
        system, "push", file(tmp_path, "https://a.example", "https://b.example"), "--out", tmp_path / "r.csv"
    )
    assert (done.returncode, done.stdout) == (0, "")
    written = rows((tmp_path / "r.csv").read_text())
    assert [row["url"] for row in written] == ["https://a.example", "https://b.example"]
    assert all(row["short_url"].startswith(system.url) for row in written)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.csv", "urls.csv"]
    assert "2 created" in done.stderr
    assert ESCAPE not in done.stderr


def test_failed_rows_are_exit_code_1_and_in_the_results(system: System, tmp_path: Path) -> None:
    done = linkmill(
        system, "push", file(tmp_path, "https://a.example/1", "nope", "nope"), "--out", tmp_path / "r.ndjson"
    )
    assert done.returncode == 1
    assert "1 created, 2 failed; 2 INVALID_URL" in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "r.ndjson").read_text().splitlines()]
    assert [line["error_code"] for line in lines] == [None, "INVALID_URL", "INVALID_URL"]


def test_in_a_pipe_rows_come_in_and_results_go_out(system: System) -> None:
    done = linkmill(system, "push", "-", given="url\nhttps://pipe.example\n")
    assert done.returncode == 0
    assert rows(done.stdout)[0]["status"] == "created"
    assert "pipe.example" not in done.stderr


def test_a_file_that_was_sent_is_the_same_job_until_another_is_asked_for(system: System, tmp_path: Path) -> None:
    path = file(tmp_path, "https://again.example")
    first, same = (linkmill(system, "push", path, "--json") for _ in range(2))
    by_pipe = linkmill(system, "push", "-", "--json", given=path.read_text())
    other = linkmill(system, "push", path, "--json", "--tag", "x")
    new = linkmill(system, "push", path, "--json", "--new")
    ids = [json.loads(done.stdout)["id"] for done in (first, same, by_pipe, other, new)]
    assert ids[0] == ids[1] == ids[2]
    assert len(set(ids[2:])) == 3
    assert "sent before" in same.stderr
    assert "sent before" not in first.stderr + other.stderr + new.stderr


def test_options_reach_the_job(system: System, tmp_path: Path) -> None:
    path = file(
        tmp_path, "https://map.example;mapped-by-cli;my title", "https://map.example/2;;", header="Address;Word;Name"
    )
    mapped = ("--map", "url=Address", "--map", "slug=Word", "--map", "title=Name", "--delimiter", "semicolon")
    lacking = (
        "--tag",
        "a",
        "--tag",
        "b",
        "--expires",
        "90d",
        "--slug-pattern",
        "cli-{row}",
        "--metadata",
        "for=spring",
    )
    done = linkmill(system, "push", path, *mapped, *lacking, "--encoding", "utf-8", "--header", "--json", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    job = json.loads(done.stdout)
    assert job["metadata"] == {"for": "spring"}
    assert [item["slug"] for item in system.items(job)] == ["mapped-by-cli", "cli-2"]
    links = system.client.get("/api/links", params={"job": job["id"]}).json()["items"]
    assert {link["title"] for link in links} == {"my title", None}
    assert all(sorted(link["tags"]) == ["a", "b"] and link["expires_at"] for link in links)


def test_a_file_is_read_and_named_as_the_options_say(system: System, tmp_path: Path) -> None:
    rows = [["Site", "Expires", "Group"], ["cli.example/x", "01/02/2040", "from the cli"]]
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbooks.openpyxl_workbook(Notes=[["x"]], Links=rows))
    options = ("--sheet", "2", "--date-order", "day-first", "--scheme", "https", "--groups", "create", "--json")
    job = json.loads(linkmill(system, "push", path, *options).stdout)
    assert (job["name"], job["outcome"], job["format"]["dates"]) == (
        "book.xlsx", "succeeded", {"expires_at": "DD/MM/YYYY"}
    )  # fmt: skip
    (link,) = system.client.get("/api/links", params={"job": job["id"]}).json()["items"]
    assert (link["url"], link["expires_at"][:10], link["group"]) == (
        "https://cli.example/x", "2040-02-01", "from the cli"
    )  # fmt: skip
    again = json.loads(linkmill(system, "push", path, *options, "--name", "Again").stdout)
    assert again["id"] == job["id"], "a name makes no other file"


def test_a_dry_run_reports_rows_and_makes_nothing(system: System, tmp_path: Path) -> None:
    done = linkmill(
        system, "push", file(tmp_path, "https://dry.example", "nope"), "--dry-run", "--out", tmp_path / "r.csv"
    )
    assert done.returncode == 1
    assert "(dry run): 1 created, 1 failed" in done.stderr
    assert len(rows((tmp_path / "r.csv").read_text())) == 2
    assert system.client.get("/api/links", params={"search": "dry.example"}).json()["items"] == []


def test_a_file_is_known_by_its_name_or_its_content(system: System, tmp_path: Path) -> None:
    bodies = {
        "a.ndjson": b'{"url": "https://kinds.example/1"}\n',
        "a.json": b'{"links": [{"url": "https://kinds.example/2"}]}',
        "b": b'{"url": "https://kinds.example/3"}\n',
        "a.xlsx": workbooks.xlsxwriter_workbook([["url"], ["https://kinds.example/4"]]),
        "a.csv.gz": gzip.compress(b"url\nhttps://kinds.example/5\n"),
    }
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body)
        done = linkmill(system, "push", tmp_path / name)
        assert done.returncode == 0, (name, done.stderr)
        assert rows(done.stdout)[0]["url"].startswith("https://kinds.example/"), name


def test_on_a_terminal_there_are_bars_and_colours(system: System, tmp_path: Path) -> None:
    path = file(tmp_path, "https://bars.example", "nope")
    code, shown = on_a_terminal(system, "push", path, "--out", tmp_path / "r.csv")
    assert code == 1
    assert "━" in shown
    assert f"{ESCAPE}[33mjob " in shown
    plain = on_a_terminal(system, "push", path, "--out", tmp_path / "r.csv", TERM="dumb")[1]
    assert "━" not in plain + linkmill(system, "push", path).stderr
    assert ESCAPE not in plain


def test_what_is_far_away_is_sent_compressed(system: System, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_bytes(faults.csv_rows(1000))
    with relay.between(system.url, host="127.0.0.2") as line:
        done = linkmill(system, "push", path, "--out", tmp_path / "r.csv", LINKMILL_SERVER=line.url)
        assert done.returncode == 0, done.stderr
        assert b"content-encoding: gzip" in line.sent.lower()
        assert len(line.sent) < path.stat().st_size / 2
    assert len(rows((tmp_path / "r.csv").read_text())) == 1000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing-here.csv"], "nothing-here.csv: No such file or directory"),
        (["-", "--out", "no/such/folder/r.csv"], "no file can be written there"),
        (["-", "--map", "slug"], "it must look like slug=keyword"),
        (["-", "--json", "--out", "-"], "write the results to a file with --out"),
        (["-", "--domain", "elsewhere.example"], "no domain 'elsewhere.example'"),
        (["-", "--webhook", "ftp://x.example"], "Only http:// and https:// can be called"),
        (["-", "--wrong"], "No such option"),
        (["-", "--server", "localhost:8000"], "it must look like https://"),
        (["-", "--server", "http://localhost:1"], "does not answer: Connection refused"),
        (["-", "--key-file", "/dev/null"], "this is not a key"),
    ],
)
def test_what_cannot_be_done_is_exit_code_2_and_said_in_a_line(
    system: System, tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = linkmill(system, "push", *arguments, given="url\nhttps://never.example\n", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if words in line]) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_key_is_said_before_anything_is_sent(system: System, tmp_path: Path) -> None:
    done = linkmill(system, "push", file(tmp_path, "https://a.example"), LINKMILL_KEY="lm_wrong")
    assert (done.returncode, done.stderr) == (2, "linkmill: localhost does not know this key (401)\n")


def test_an_upload_that_nobody_can_read_is_exit_code_2_with_the_reason(system: System) -> None:
    done = linkmill(system, "push", "-", "--json", given="SKU,Product URL\n1,a\n")
    assert (done.returncode, done.stdout) == (2, "")
    reason = done.stderr.splitlines()[-1]
    assert "No column is named url" in reason
    assert reason.endswith('Try --map url="Product URL"')


def test_an_unknown_place_in_a_terminal_is_no_order_to_it(system: System) -> None:
    done = linkmill(system, "push", "-", "--map", f"url={ESCAPE}[31mred", given="a,b\n1,2\n")
    assert done.returncode == 2
    assert ESCAPE not in done.stderr


def test_a_full_disk_is_said_and_how_to_go_on(system: System, tmp_path: Path) -> None:
    done = linkmill(system, "push", file(tmp_path, "https://full.example"), "--out", "/dev/full")
    assert done.returncode == 2
    advice = r"the job is done, fetch its results with `linkmill results \d+ --out"
    assert re.search(f"linkmill: No space left on device; {advice}", done.stderr)


def test_a_reader_who_has_enough_is_no_fault(system: System, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_bytes(faults.csv_rows(5000))
    with started(system, "push", path, "--quiet") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (141, "")
