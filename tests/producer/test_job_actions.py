"""Which actions a job allows: one answer for the API's refusals and the dashboard's buttons."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.errors import Conflict, Gone
from models.jobs.jobs import Job
from models.states import JobKind, JobStatus
from producer import job_actions
from producer.job_actions import Action, refusal, useful_actions

ENDED = ("completed", "cancelled", "failed")
OPEN = ("queued", "running")
PASSING = {"SLUG_TAKEN": 1}


def make_job(**values: Any) -> Job:
    fields: dict[str, Any] = dict.fromkeys(Job._fields)
    fields |= {"kind": JobKind.CREATE, "status": JobStatus.COMPLETED, "dry_run": False}
    fields |= {"total": 10, "created": 8, "updated": 0, "deleted": 0, "existing": 1, "failed": 1}
    return Job(**fields | values)


def useful(**values: Any) -> set[Action]:
    return useful_actions(make_job(**values), False, False, PASSING)


def reason(action: Action, being_undone: bool = False, **values: Any) -> str:
    error = refusal(action, make_job(**values), being_undone)
    return "" if error is None else str(error)


@pytest.mark.parametrize("status", OPEN)
def test_an_open_job_can_only_be_cancelled(status: str) -> None:
    assert useful(status=status) == {Action.CANCEL}


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_an_ended_job_can_be_retried_undone_and_forgotten(status: str) -> None:
    assert useful(status=status) == {Action.RETRY, Action.UNDO, Action.FORGET}


def test_a_cancelled_job_may_be_cancelled_again_but_no_button_offers_it() -> None:
    assert reason(Action.CANCEL, status="cancelled") == ""
    assert Action.CANCEL not in useful(status="cancelled")
    assert reason(Action.CANCEL, status="completed") == "The job has ended: it is completed."


def test_a_job_whose_items_all_have_links_is_not_retried() -> None:
    assert "nothing to retry" in reason(Action.RETRY, created=9, existing=1, failed=0)


def test_a_job_whose_upload_cannot_be_read_is_not_retried() -> None:
    assert "cannot be retried" in reason(Action.RETRY, status="failed", total=None, created=0)


@pytest.mark.parametrize("values", [{"kind": JobKind.UNDO}, {"dry_run": True}])
def test_only_a_job_that_creates_links_is_retried_or_undone(values: dict[str, Any]) -> None:
    assert "Only a job" in reason(Action.RETRY, **values)
    assert "Only a job" in reason(Action.UNDO, **values)
    assert useful(**values) == {Action.FORGET}


def test_a_job_without_links_may_be_undone_but_no_button_offers_it() -> None:
    assert reason(Action.UNDO, created=0) == ""
    assert Action.UNDO not in useful(created=0)


def test_a_retry_is_offered_where_it_can_help() -> None:
    assert Action.RETRY not in useful_actions(make_job(), False, False, {"INVALID_URL": 1})
    assert Action.RETRY in useful_actions(make_job(), False, False, {"INVALID_URL": 1, "LIMIT_REACHED": 1})
    assert Action.RETRY in useful_actions(make_job(total=11), False, False, {"INVALID_URL": 1})


def test_a_job_that_was_undone_is_not_undone_again() -> None:
    assert Action.UNDO not in useful_actions(make_job(), False, True, PASSING)


def test_a_job_that_is_being_undone_is_left_alone() -> None:
    assert useful_actions(make_job(), True, True, PASSING) == set()
    for action in (Action.RETRY, Action.UNDO, Action.FORGET):
        assert isinstance(refusal(action, make_job(), being_undone=True), Conflict)


def test_a_cleared_job_can_only_be_forgotten() -> None:
    job = make_job(cleared_at=datetime.now(UTC))
    assert useful_actions(job, False, False, PASSING) == {Action.FORGET}
    for action in (Action.RETRY, Action.UNDO):
        assert isinstance(refusal(action, job, False), Gone)


def test_results_of_a_cleared_job_are_gone() -> None:
    job_actions.refuse_cleared(make_job())
    for job in (None, make_job(cleared_at=datetime.now(UTC))):
        with pytest.raises(Gone):
            job_actions.refuse_cleared(job)
