"""The thread that flushes a buffer again and again."""

import pytest

from producer.signals import flushing
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flushing, "FLUSH_SECONDS", 0.005)


def test_a_buffer_is_flushed_until_it_is_stopped() -> None:
    flushes: list[None] = []
    stopped = flushing.start("test", lambda: flushes.append(None))
    wait_until(lambda: len(flushes) >= 3, what="three flushes")
    stopped.set()


def test_an_error_is_logged_and_ends_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    flushes: list[None] = []

    def fail_once() -> None:
        flushes.append(None)
        if len(flushes) == 1:
            raise ZeroDivisionError

    stopped = flushing.start("fragile", fail_once)
    wait_until(lambda: len(flushes) >= 2, what="a flush after the error")
    stopped.set()
    output = "".join(capfd.readouterr())
    assert "flush_failed" in output
    assert "fragile" in output
