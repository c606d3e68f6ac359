"""What follows a commit follows it, once and in order; nothing follows a rollback."""

import pytest

from models import store
from models.accounts.keys import Owner
from producer.signals import counters, wakeups
from producer.unit_of_work import End, unit_of_work
from tests.steps import Steps, accept_csv, record_steps

END = End(7, 1, "jobs|create|completed|succeeded", 1)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


def test_steps_are_taken_after_the_commit_and_not_before(owner: Owner, steps: Steps) -> None:
    with unit_of_work() as unit:
        unit.wake([wakeups.WakeUp("create", wakeups.BULK, 1, 0, 10)])
        unit.send("titles", wakeups.TITLES)
        unit.announce_end(END)
        unit.publish_progress(8)
        assert steps.is_empty()
    assert steps.tasks == ["create", "titles", "deliver"]
    assert (steps.ends, steps.counters, steps.progress) == ([7], [END.counter], [8])


def test_a_rollback_announces_nothing(owner: Owner, steps: Steps) -> None:
    counts = counters.pending.counts.copy()

    def change_and_fail() -> None:
        with unit_of_work() as unit:
            unit.wake([wakeups.WakeUp("create", wakeups.BULK, 1, 0, 10)])
            unit.announce_end(END)
            unit.publish_progress(8)
            unit.count("items", "create", "created", times=5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert steps.is_empty()
    assert counters.pending.counts == counts


def test_a_commit_that_fails_announces_nothing(owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(store.engine().dialect, "do_commit", fail)
    with pytest.raises(ConnectionError), unit_of_work() as unit:
        unit.announce_end(END)
    assert steps.is_empty()


def test_a_commit_publishes_at_most_one_message_for_a_job(owner: Owner, steps: Steps) -> None:
    with unit_of_work() as unit:
        unit.publish_progress(8)
        unit.publish_progress(8)
        unit.publish_progress(7)
        unit.announce_end(END)  # is progress, too
    assert (steps.progress, steps.ends) == ([8], [7])


def test_a_step_that_fails_holds_no_other_step_up_and_raises_nothing(
    owner: Owner, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(wakeups, "wake_workers", fail)
    with unit_of_work() as unit:
        unit.wake([wakeups.WakeUp("create", wakeups.BULK, 1, 0, 10)])
        unit.publish_progress(8)
    assert steps.progress == [8]


def test_the_next_shards_are_marked_as_sent_and_workers_are_woken_for_them(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, "url\nhttps://example.com/\n")
    assert steps.tasks == ["create"]
    with unit_of_work() as unit:
        unit.wake_next(job_id)  # it has been sent just now
    assert steps.tasks == ["create"]
