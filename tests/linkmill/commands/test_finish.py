"""The end of a command: its exit code, its results, and what users can still do after a failure."""

import io
import json
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from rich.console import Console

from linkmill import calls
from linkmill.client import Client
from linkmill.commands import finish
from linkmill.errors import Interruption, LinkmillError
from linkmill.show import Screen
from tests.linkmill.new_jobs import new_job

ENDED = new_job({"total": 1, "created": 1}, status="completed", outcome="succeeded")
RESULTS = "line,status\n1,created\n"


def watch(job: dict[str, Any], out: str | None, results: httpx.Response | BaseException) -> tuple[int, str]:
    """Watch a job that has ended; return the exit code, and what the screen shows."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "/results." not in request.url.path:
            return httpx.Response(200, json=job)
        if isinstance(results, BaseException):
            raise results
        return results

    text = io.StringIO()
    screen = Screen(Console(file=text, width=200, markup=False), bars=False, quiet=False)
    with httpx.Client(base_url="http://a.b", transport=httpx.MockTransport(answer)) as client:
        code = finish.watch_and_report(Client.over(client, screen), job, False, out, "continue with `x`")
    return code, text.getvalue()


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        ("completed", "succeeded", 0),
        ("completed", "partial", 1),
        ("completed", "failed", 1),
        ("cancelled", "partial", 1),
        ("running", None, 0),
        ("queued", None, 0),
    ],
)
def test_the_exit_code_says_whether_every_row_succeeded(status: str, outcome: str | None, code: int) -> None:
    assert finish.report(new_job(status=status, outcome=outcome), as_json=False) == code


def test_an_upload_that_could_not_be_read_is_an_error_with_its_reason() -> None:
    with pytest.raises(LinkmillError, match=r"^the upload could not be read: No header\.$"):
        finish.report(new_job(status="failed", detail="No header."), as_json=False)


def test_a_job_is_printed_as_json_only_when_asked_for_and_even_if_it_failed(capsys: pytest.CaptureFixture[str]) -> None:
    finish.report(ENDED, as_json=False)
    assert capsys.readouterr().out == ""
    failed = new_job(status="failed", detail="No header.")
    with pytest.raises(LinkmillError):
        finish.report(failed, as_json=True)
    assert json.loads(capsys.readouterr().out) == failed


def test_results_are_written_and_named(tmp_path: Path) -> None:
    out = tmp_path / "results.csv"
    code, text = watch(ENDED, str(out), httpx.Response(200, text=RESULTS))
    assert code == 0
    assert out.read_text() == RESULTS
    assert text.endswith(f"results in {out}\nnext: linkmill results 7\n")


def test_the_next_command_lists_the_failed_rows_if_there_are_any() -> None:
    partial = new_job({"total": 2, "created": 1, "failed": 1}, status="completed", outcome="partial")
    assert watch(partial, None, httpx.Response(500))[1].endswith("\nnext: linkmill results 7 --failed\n")


def test_the_next_command_goes_to_the_same_server_with_the_same_key() -> None:
    options = {"server": "https://links.example", "key_file": "my keys/key.json"}
    context = click.Context(click.Command("push"))
    context.params = options
    with context:
        text = watch(ENDED, None, httpx.Response(500))[1]
    assert text.endswith("\nnext: linkmill results 7 --server https://links.example --key-file 'my keys/key.json'\n")


def test_results_on_standard_output_are_not_named(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    text = watch(ENDED, "-", httpx.Response(200, text=RESULTS))[1]
    assert capfdbinary.readouterr().out.decode() == RESULTS
    assert "results in" not in text


def test_an_upload_that_could_not_be_read_has_no_results(tmp_path: Path) -> None:
    out = tmp_path / "results.csv"
    with pytest.raises(LinkmillError, match="could not be read"):
        watch(new_job(status="failed", detail="No header."), str(out), httpx.Response(200, text=RESULTS))
    assert not out.exists()


def test_results_that_cannot_be_fetched_can_be_fetched_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0)
    out = tmp_path / "results.csv"
    with pytest.raises(LinkmillError) as error:
        watch(ENDED, str(out), httpx.Response(503))
    assert error.value.message.endswith(f"the job is done, fetch its results with `linkmill results 7 --out {out}`")


def test_a_disk_that_is_full_is_named(tmp_path: Path) -> None:
    with pytest.raises(LinkmillError, match=r"^No space left on device; the job is done"):
        watch(ENDED, str(tmp_path / "results.csv"), OSError(28, "No space left on device"))


def test_after_an_interruption_users_read_how_to_continue(tmp_path: Path) -> None:
    with pytest.raises(Interruption, match=r"^stopped watching; continue with `x`$") as error:
        watch(ENDED, str(tmp_path / "results.csv"), KeyboardInterrupt())
    assert error.value.exit_code == 130
