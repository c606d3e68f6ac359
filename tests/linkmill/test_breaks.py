"""What breaks on the way: the command goes on where it can, and says how to go on where it cannot."""

import csv
import io
import re
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkmill.results import count_line_ends
from tests import faults
from tests.fixtures.systems import StartSystem
from tests.linkmill.relay import Cut, between
from tests.linkmill.shell import linkmill, said, started
from tests.system import System

BULK_ROWS = 1500  # more than the interactive node takes
MIB = 1 << 20


@pytest.fixture(scope="module")
def small(start_system: StartSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system that takes small uploads only, and may be broken for a moment."""
    folder = tmp_path_factory.mktemp("small")
    with start_system(folder, f"sqlite:///{folder}/linkmill.db", MAX_UPLOAD_BYTES=str(MIB)) as system:
        yield system


def upload(folder: Path, name: str, count: int = BULK_ROWS) -> Path:
    path = folder / f"{name}.csv"
    path.write_bytes(faults.csv_rows(count).replace(b"example.com", f"{name}.example".encode()))
    return path


def lines(path: Path) -> int:
    return path.read_text().count("\n") - 1


def test_after_ctrl_c_the_same_command_goes_on_with_the_same_job(small: System, tmp_path: Path) -> None:
    path, out = upload(tmp_path, "interrupted"), tmp_path / "r.csv"
    with faults.suspended(faults.find_process(small, "bulk")):
        first = started(small, "push", path, "--out", out)
        (number,) = re.findall(r"job (\d+) queued", said(first, "queued"))
        first.send_signal(signal.SIGINT)
        assert first.wait(60) == 130
        assert first.stderr
        assert f"`linkmill watch {number}` shows it again" in first.stderr.read()
        again = started(small, "push", path, "--out", out)
        assert f"job {number}: this was sent before" in said(again, "before")
        assert list(tmp_path.iterdir()) == [path]
    assert again.wait(90) == 0
    assert lines(out) == BULK_ROWS
    assert small.sql("SELECT count(*) FROM links WHERE url LIKE 'https://interrupted.example/%'") == [(BULK_ROWS,)]


def test_a_server_that_starts_again_is_waited_for(small: System, tmp_path: Path) -> None:
    path, out = upload(tmp_path, "restarted"), tmp_path / "r.csv"
    with faults.suspended(faults.find_process(small, "bulk")):
        process = started(small, "push", path, "--out", out)
        said(process, "queued")
        faults.find_process(small, "web").kill()
        said(process, "trying again in")
    assert process.wait(90) == 0
    assert lines(out) == BULK_ROWS


def test_what_is_too_large_is_said_in_one_line_however_it_is_sent(small: System, tmp_path: Path) -> None:
    path = upload(tmp_path, "large", 200_000)
    with between(small.url, host="127.0.0.2") as far_away:
        for server in (small.url, far_away.url):
            done = linkmill(small, "push", path, "--quiet", "--server", server)
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr == "linkmill: The upload is larger than 1,048,576 bytes. (413 TOO_LARGE)\n"


@pytest.mark.parametrize("system", ["postgresql"], indirect=True)
class TestACutLine:
    def test_an_upload_that_is_cut_is_sent_again_and_done_once(self, system: System, tmp_path: Path) -> None:
        path = upload(tmp_path, "cut", 20_000)
        with between(system.url, Cut(b"POST /api/jobs", 300_000, of_answer=False)) as line:
            done = linkmill(system, "push", path, "--out", tmp_path / "r.csv", "--server", line.url)
        assert done.returncode == 0, done.stderr
        assert "trying again" in done.stderr
        assert lines(tmp_path / "r.csv") == 20_000
        assert system.client.get("/api/links", params={"search": "cut.example/19999"}).json()["items"]
        assert system.sql("SELECT count(*) FROM links WHERE url LIKE 'https://cut.example/%'") == [(20_000,)]

    def test_an_answer_that_is_lost_makes_no_second_job(self, system: System, tmp_path: Path) -> None:
        path = upload(tmp_path, "unheard", 10)
        with between(system.url, Cut(b"POST /api/jobs", 10)) as line:
            done = linkmill(system, "push", path, "--server", line.url)
        assert done.returncode == 0, done.stderr
        assert "sent before" in done.stderr
        assert system.sql("SELECT count(*) FROM links WHERE url LIKE 'https://unheard.example/%'") == [(10,)]

    def test_results_that_break_off_are_begun_again(self, system: System, tmp_path: Path) -> None:
        path, out = upload(tmp_path, "broken", 1000), tmp_path / "r.csv"
        with between(system.url, Cut(b"/results.csv", 20_000)) as line:
            done = linkmill(system, "push", path, "--out", out, "--server", line.url)
        assert done.returncode == 0, done.stderr
        assert "trying again" in done.stderr
        assert lines(out) == 1000

    def test_results_that_break_off_always_look_never_finished(self, system: System, tmp_path: Path) -> None:
        path, out = upload(tmp_path, "hopeless", 1000), tmp_path / "r.csv"
        with between(system.url, Cut(b"/results.csv", 20_000, times=8)) as line:
            words = ("push", path, "--server", line.url)
            to_a_file, to_a_pipe = started(system, *words, "--out", out), started(system, *words)
            for process in (to_a_file, to_a_pipe):
                written, said = process.communicate(timeout=60)
                assert (process.returncode, written) == (2, "")
                assert re.search(
                    r"linkmill: .*; the job is done, fetch its results with `linkmill results \d+ --out", said
                )
        assert list(tmp_path.iterdir()) == [path]

    def test_where_streams_are_cut_the_job_is_asked_for(self, system: System, tmp_path: Path) -> None:
        path = upload(tmp_path, "streamless", 10)
        with between(system.url, Cut(b"/events", 10, times=99)) as line:
            done = linkmill(system, "push", path, "--server", line.url)
        assert done.returncode == 0, done.stderr
        assert "10 created" in done.stderr


cells = st.text(st.sampled_from('a",\r\n'), max_size=5)


@given(st.lists(st.lists(cells, min_size=2, max_size=3), max_size=5), st.sets(st.integers(0, 80)))
def test_rows_are_counted_wherever_the_pieces_of_an_answer_end(rows: list[list[str]], ends: set[int]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    data, found, quoted = text.getvalue().encode(), 0, False
    for begin, end in pairwise(sorted({0, len(data), *(end for end in ends if end < len(data))})):
        ended, quoted = count_line_ends(data[begin:end], quoted)
        found += ended
    assert (found, quoted) == (len(rows), False)
