"""Jobs are listed by what people see of them, and the job that undid another one is found."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import store
from models.accounts.keys import Owner
from models.jobs import listing
from models.jobs.listing import JobFilter, JobState
from models.states import JobKind, JobStatus
from producer.documents.job_document import job_outcome
from tests.models.jobs.making import make_job

NOW = datetime.now(UTC)


def listed(owner: Owner, **conditions: str) -> list[int]:
    with store.read() as db:
        return [job.id for job in listing.page(db, owner.workspace_id, JobFilter(**conditions), None, 10)]


def test_a_page_lists_the_newest_first(owner: Owner) -> None:
    make_job(owner, id=1)
    make_job(owner, id=2, status=JobStatus.RUNNING)
    make_job(owner, id=3)
    with store.read() as db:
        everything = listing.page(db, owner.workspace_id, JobFilter(), None, 2)
        older = listing.page(db, owner.workspace_id, JobFilter(), 2, 2)
    assert [job.id for job in everything] == [3, 2]
    assert [job.id for job in older] == [1]
    assert listed(owner, status=JobStatus.QUEUED) == [3, 1]


@pytest.mark.parametrize(
    ("state", "values"),
    [
        (JobState.RUNNING, {"status": "queued"}),
        (JobState.RUNNING, {"status": "running", "created": 1}),
        (JobState.SUCCEEDED, {"status": "completed", "created": 2, "existing": 1}),
        (JobState.SUCCEEDED, {"status": "completed", "total": 0}),
        (JobState.PARTIAL, {"status": "completed", "created": 2, "failed": 1}),
        (JobState.FAILED, {"status": "completed", "failed": 3}),
        (JobState.FAILED, {"status": "failed", "total": None}),
        (JobState.CANCELLED, {"status": "cancelled", "created": 2}),
    ],
)
def test_a_state_is_what_the_badge_of_a_job_shows(owner: Owner, state: JobState, values: dict[str, Any]) -> None:
    job = make_job(owner, id=1, **values)
    assert [other for other in JobState if listed(owner, state=other)] == [state]
    if job.status == JobStatus.COMPLETED:
        assert str(job_outcome(job)) == state


def test_a_job_is_found_by_a_part_of_its_name(owner: Owner) -> None:
    make_job(owner, id=1, name="Spring sale.csv")
    make_job(owner, id=2, name="100%.csv")
    make_job(owner, id=3)
    assert listed(owner, search="spring") == [1]
    assert listed(owner, search="%") == [2]
    assert listed(owner, search="winter") == []


def test_the_undo_of_the_last_run_is_found(owner: Owner) -> None:
    job = make_job(owner, id=1, status=JobStatus.COMPLETED, finished_at=NOW)
    with store.read() as db:
        assert listing.find_undo(db, job) is None
    make_job(owner, id=2, kind=JobKind.UNDO, of_job_id=1)
    with store.read() as db:
        undo = listing.find_undo(db, job)
        assert undo
        assert (undo.id, undo.status) == (2, JobStatus.QUEUED)
        later_run = job._replace(finished_at=datetime.now(UTC) + timedelta(seconds=5))
        assert listing.find_undo(db, later_run) is None
