"""Log lines: one form for all, errors in words that quote no user, and no secrets."""

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import IntegrityError

from models import process_caches
from models.errors import NotFound
from producer.telemetry import logs


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    process_caches.reset_all()
    yield
    monkeypatch.undo()
    process_caches.reset_all()
    structlog.reset_defaults()
    logs.bind_context()


def written(capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(capfd.readouterr().err)
    return line


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("at postgresql://me:pass@word@host/db", "at postgresql://***@host/db"),
        ("GET https://a.example/x?token=1&b=2 failed", "GET https://a.example/x?*** failed"),
        ("key lm_abcdefghijklmnopqrst given", "key lm_*** given"),
        ("Authorization: Bearer abcdefghij", "Authorization: *** ***"),
        ("{'password': 'a b', 'url': 'x'}", "{'password': ***, 'url': 'x'}"),
        (f"{'very_' * 10}long_password=abc", f"{'very_' * 10}long_password=***"),
        ("job 12, shard 3 of https://a.example/b", "job 12, shard 3 of https://a.example/b"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, masked: str) -> None:
    assert logs.mask_secrets(text) == masked


@pytest.mark.slow
@pytest.mark.parametrize("part", ["a-", "://", "//a@", "token ", "lm_"])
def test_a_message_of_any_length_is_masked_in_seconds_and_not_in_minutes(part: str) -> None:
    begun = time.thread_time()
    assert len(logs.describe_error(NotFound(part * 100_000))) < 600
    logs.mask_secrets(part * 100_000)
    assert time.thread_time() - begun < 20


@pytest.mark.parametrize(
    ("error", "description"),
    [
        (ValueError("hunter2"), "ValueError"),
        (KeyError("slug"), "KeyError: 'slug'"),
        (ConnectionError("redis://:hunter2@host"), "ConnectionError: redis://***@host"),
        (NotFound("there is no such job"), "NotFound: there is no such job"),
        (OSError("x" * 1000), f"OSError: {'x' * logs.MAX_MESSAGE_LENGTH}"),
    ],
)
def test_the_description_of_an_error_quotes_no_user(error: Exception, description: str) -> None:
    assert logs.describe_error(error) == description


@pytest.mark.parametrize(
    ("sqlstate", "description"),
    [
        ("23505", "UniqueViolation 23505 uq_links_slug"),
        ("22001", "UniqueViolation 22001 uq_links_slug"),
        ("53300", "UniqueViolation: Key (slug)=(secret) already exists"),
        ("08006", "UniqueViolation: Key (slug)=(secret) already exists"),
    ],
)
def test_of_a_database_error_only_those_about_the_server_are_quoted(sqlstate: str, description: str) -> None:
    class UniqueViolation(Exception):
        diag = type("Diagnostic", (), {"constraint_name": "uq_links_slug"})

    cause = UniqueViolation("Key (slug)=(secret) already exists")
    cause.sqlstate = sqlstate  # type: ignore[attr-defined]
    assert logs.describe_error(IntegrityError("INSERT", None, cause)) == description


def test_a_line_names_its_event_its_context_and_no_secret(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logs.bind_context(request_id="order-77")
    structlog.get_logger().warning("call_failed", url="https://a.example/?key=1", reason=ConnectionError("no route"))
    line = written(capfd)
    assert (line["event"], line["level"], line["request_id"]) == ("call_failed", "warning", "order-77")
    assert line["url"] == "https://a.example/?***"
    assert line["reason"] == "ConnectionError: no route"
    assert "timestamp" in line


def test_a_new_context_replaces_the_old_one() -> None:
    logs.bind_context(request_id="1", job="2")
    logs.bind_context(job="3")
    assert logs.context() == {"job": "3"}


def test_a_traceback_shows_where_and_not_what(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        try:
            raise ValueError("hunter2")
        except ValueError as error:
            raise KeyError("slug") from error
    except KeyError:
        structlog.get_logger().error("surprise", exc_info=True)
    trace = written(capfd)["exception"]
    assert "test_logs.py" in trace
    assert trace.index("ValueError") < trace.index("KeyError: 'slug'")
    assert trace.count("hunter2") == 1  # the line of this test's source, not the error's message


def test_lines_of_libraries_have_the_same_form(capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.configure_all()
        logging.getLogger("some.library").warning("at %s", "redis://:hunter2@host")
        line = written(capfd)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert (line["event"], line["logger"], line["level"]) == ("at redis://***@host", "some.library", "warning")


def test_lines_can_be_text(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "text")
    logs.configure()
    structlog.get_logger().info("job_ended", job="12")
    line = capfd.readouterr().err
    assert "job_ended" in line
    assert not line.startswith("{")


@pytest.mark.parametrize(
    ("text", "is_fit"),
    [("order-77", True), ("a.b_c:d/e+f=g@h", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("", False)],
)
def test_a_request_id_has_visible_and_harmless_characters(text: str, is_fit: bool) -> None:
    assert bool(logs.REQUEST_ID_PATTERN.fullmatch(text)) is is_fit
