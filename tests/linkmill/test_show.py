"""What users see of a job: one line of words, and how often."""

import io
from typing import Any

import pytest
from rich.color import Color
from rich.console import Console

from linkmill import show
from linkmill.show import Screen
from tests.linkmill.new_jobs import new_job

GREEN = Color.parse("green")
RED = Color.parse("red")


class Clock:
    """A clock that stands still until it is set."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(show, "time", clock)
    return clock


def new_screen(quiet: bool = False, bars: bool = False) -> Screen:
    return Screen(Console(file=io.StringIO(), width=60, force_terminal=bars, markup=False), bars, quiet)


def output(screen: Screen) -> str:
    assert isinstance(screen.console.file, io.StringIO)
    return screen.console.file.getvalue()


def running(processed: int, **members: Any) -> dict[str, Any]:
    return new_job({"processed": processed, "total": 2000}, status="running", **members)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (61, "1 min 1 s"), (3599, "59 min 59 s"), (90061, "25 h 1 min")],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert show.duration(seconds) == text


def test_a_job_that_waits_shows_its_rows_only() -> None:
    assert show.summary(new_job()) == "job 7 queued: 0 rows"


def test_a_running_job_shows_progress_rate_time_left_and_errors() -> None:
    job = running(1000, rate=1234.5, eta_seconds=61, errors={"INVALID_URL": 1, "SLUG_TAKEN": 1500})
    expected = "job 7 running: 1,000 of 2,000 rows, 1,234/s, 1 min 1 s left, 1,500 SLUG_TAKEN, 1 INVALID_URL"
    assert show.summary(job) == expected


def test_a_job_that_has_ended_shows_its_counts_without_zeros() -> None:
    job = new_job({"created": 1000, "failed": 2}, status="completed", dry_run=True, errors={"INVALID_URL": 2})
    assert show.summary(job) == "job 7 completed (dry run): 1,000 created, 2 failed; 2 INVALID_URL"
    assert show.summary(new_job(status="completed")) == "job 7 completed: no rows"


@pytest.mark.parametrize(("finished_at", "time"), [("12:00:01.250Z", "1.2 s"), ("12:02:05.000Z", "2 min 5 s")])
def test_a_job_that_has_ended_shows_its_duration_and_rate(finished_at: str, time: str) -> None:
    times = {"started_at": "2026-01-31T12:00:00.000Z", "finished_at": f"2026-01-31T{finished_at}"}
    job = new_job({"created": 1000}, status="completed", rate=800.4, **times)
    assert show.summary(job) == f"job 7 completed: 1,000 created; {time}, 800/s"


def test_bars_are_green_and_only_failures_are_red() -> None:
    console = show.screen(quiet=False).console
    assert {console.get_style(f"bar.{name}").color for name in ("complete", "finished", "pulse")} == {GREEN}
    assert console.get_style("progress.data.speed").color != RED


def test_links_that_an_undo_left_are_called_kept() -> None:
    job = new_job({"deleted": 2, "existing": 1}, status="completed", kind="undo")
    assert show.summary(job) == "job 7 completed: 2 deleted, 1 kept"


def test_a_job_that_could_not_be_read_shows_the_reason() -> None:
    assert show.summary(new_job(status="failed", detail="No header.")) == "job 7 failed: No header."


def test_a_quiet_screen_shows_nothing(clock: Clock) -> None:
    screen = new_screen(quiet=True)
    screen.say("text")
    with show.watching(screen) as update:
        update(running(1))
    show.print_end(screen, new_job(status="completed"))
    assert output(screen) == ""


def test_a_text_of_other_people_is_one_line_without_control_characters() -> None:
    screen = new_screen()
    screen.say("a\x1b[31m\nb [bold]")
    assert output(screen) == "a [31m b [bold]\n"


def test_without_a_terminal_a_job_is_a_line_at_once_and_every_five_seconds(clock: Clock) -> None:
    screen = new_screen()
    with show.watching(screen) as update:
        for seconds in (0, 4.9, 5, 6):
            clock.now = 1000 + seconds
            update(running(int(seconds * 10)))
    assert output(screen) == "job 7 running: 0 of 2,000 rows\njob 7 running: 50 of 2,000 rows\n"


def test_the_end_of_a_job_is_not_shown_twice(clock: Clock) -> None:
    screen = new_screen()
    with show.watching(screen) as update:
        update(new_job(status="completed"))
    assert output(screen) == ""


def test_without_a_terminal_an_upload_is_a_line_after_five_seconds(clock: Clock) -> None:
    screen = new_screen()
    with show.uploading(screen, 9000) as update:
        update(1000)
        clock.now += 5
        update(8000)
    assert output(screen) == "sent 8,000 of 9,000 bytes\n"


def test_on_a_terminal_a_job_is_a_bar_with_its_eight_most_frequent_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = new_screen(bars=True)
    errors = {f"CODE_{number}": number for number in range(1, 11)}
    with show.watching(screen) as update:
        update(running(500, errors=errors))
    assert "500 of 2,000 rows" in output(screen)
    assert "CODE_10" in output(screen)
    assert "CODE_3" in output(screen)
    assert "CODE_2" not in output(screen)
