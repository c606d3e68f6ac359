"""A job as clients see it: how fast it is, when it will end, and what it came to."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from models.states import JobKind, JobStatus, Outcome
from producer.documents.job_document import job_document, job_etag, job_outcome
from producer.intake.layouts import CSV, Layout


def make_job(**values: Any) -> Any:
    """A running job of 70,000 rows. Times are given as seconds ago."""
    now = datetime.now(UTC)
    job = {
        "name": None,
        "id": 5,
        "kind": JobKind.CREATE,
        "run": 1,
        "status": JobStatus.RUNNING,
        "source": "csv",
        "dry_run": False,
        "total": 70_000,
        "created": 0,
        "existing": 0,
        "failed": 0,
        "updated": 0,
        "deleted": 0,
        "run_base_count": 0,
        "rate_base_count": 0,
        "created_at": now,
        "started_at": None,
        "finished_at": None,
        "rate_base_at": None,
        "progressed_at": None,
        "cleared_at": None,
        "metadata": {},
        "detail": None,
        "layout": Layout(CSV).dump(),
    }
    for name, value in values.items():
        job[name] = now - timedelta(seconds=value) if name.endswith("_at") else value
    return SimpleNamespace(**job)


def document(**values: Any) -> dict[str, Any]:
    return job_document(make_job(**values), {})


def test_the_time_up_to_the_first_shards_end_is_left_out_of_the_rate() -> None:
    job = document(started_at=4.5, rate_base_at=2.5, rate_base_count=10_000, progressed_at=0.5, created=50_000)
    assert abs(job["rate"] - 20_000) < 1
    assert 0.3 <= job["eta_seconds"] <= 0.5


def test_the_first_shards_are_measured_from_the_start() -> None:
    job = document(started_at=2, rate_base_at=1, rate_base_count=10_000, progressed_at=1, created=10_000)
    assert abs(job["rate"] - 10_000) < 1
    assert 4.8 <= job["eta_seconds"] <= 5


def test_items_of_earlier_runs_do_not_count_in_the_rate() -> None:
    job = document(
        started_at=2, rate_base_at=1, rate_base_count=50_000, progressed_at=1, created=50_000, run_base_count=40_000
    )
    assert abs(job["rate"] - 10_000) < 1


def test_there_is_no_rate_before_the_first_shard_has_ended() -> None:
    job = document(started_at=2)
    assert (job["rate"], job["eta_seconds"]) == (0.0, None)


def test_counts_add_up_to_the_total() -> None:
    counts = document(created=60_000, existing=1_000, failed=2_000)["counts"]
    assert (counts["processed"], counts["unprocessed"]) == (63_000, 7_000)


def test_nothing_is_unprocessed_while_the_total_is_unknown() -> None:
    job = document(total=None)
    assert (job["counts"]["unprocessed"], job["progress"]) == (None, 0.0)


@pytest.mark.parametrize(
    ("counts", "outcome"),
    [
        ({"total": 3, "created": 2, "existing": 1}, Outcome.SUCCEEDED),
        ({"total": 0}, Outcome.SUCCEEDED),
        ({"total": 3, "created": 2, "failed": 1}, Outcome.PARTIAL),
        ({"total": 3, "failed": 3}, Outcome.FAILED),
        ({"total": None}, Outcome.FAILED),
    ],
)
def test_the_outcome_of_an_ended_job_depends_on_its_counts(counts: dict[str, Any], outcome: Outcome) -> None:
    assert job_outcome(make_job(status=JobStatus.COMPLETED, **counts)) == outcome
    assert job_outcome(make_job(status=JobStatus.RUNNING, **counts)) is None


def test_the_etag_changes_with_the_counts_the_status_and_the_run_but_not_with_the_rate() -> None:
    before = job_etag(make_job(created=1))
    assert job_etag(make_job(created=1, progressed_at=1)) == before
    changes: list[dict[str, Any]] = [{"created": 2}, {"status": JobStatus.COMPLETED}, {"run": 2}, {"cleared_at": 0}]
    assert before not in [job_etag(make_job(**{"created": 1} | change)) for change in changes]
