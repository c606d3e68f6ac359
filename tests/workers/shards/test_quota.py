"""The quota of a shard: what is reserved before it writes, what fails beyond it, and what is given back."""

from pathlib import Path
from typing import Any

import pytest

from models import process_caches, settings, store
from models.accounts import plans, quotas
from models.accounts.keys import Owner
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.work import work_off


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


@pytest.fixture
def limited(owner: Owner, steps: Steps, steady_hour: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Owner:
    """An owner whose plan allows five links an hour."""
    path = tmp_path / "plans.toml"
    path.write_text("[enterprise]\nlinks_per_hour = 5\n")
    monkeypatch.setenv("PLANS", str(path))
    settings.get.cache_clear()
    plans.table.cache_clear()
    return owner


def used(owner: Owner) -> dict[Any, int]:
    with store.read() as db:
        return dict(quotas.usage(db, owner.workspace_id, plans.of("enterprise")))


def urls(count: int) -> str:
    return "url\n" + "".join(f"https://a.example/{row}\n" for row in range(count))


def test_rows_beyond_the_quota_fail_and_those_before_them_create_links(limited: Owner) -> None:
    job_id = accept_csv(limited, urls(8))
    work_off()
    job = read_job(job_id)
    assert (job.created, job.failed) == (5, 3)
    assert used(limited) == {"hour": 5}


def test_failed_rows_use_no_quota(limited: Owner) -> None:
    accept_csv(limited, "url\nnope\nhttps://a.example/\nnope\n")
    work_off()
    assert used(limited) == {"hour": 1}


def test_a_dry_run_says_what_the_quota_leaves_and_reserves_nothing(limited: Owner) -> None:
    job_id = accept_csv(limited, urls(8), dry_run=True)
    work_off()
    assert (read_job(job_id).created, used(limited)) == (5, {"hour": 0})


def test_a_plan_without_limits_counts_nothing(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, urls(8))
    work_off()
    assert used(owner) == {}


def test_plans_that_a_file_changes_hold_after_a_restart(
    owner: Owner, steps: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plans.toml"
    monkeypatch.setenv("PLANS", str(path))
    for total, created in ((2, 2), (5, 3), (0, 5), (12, 2)):
        path.write_text(f"[enterprise]\ntotal_links = {total}\n")
        store.engine().dispose()
        process_caches.reset_all()
        with store.write() as db:
            quotas.reset_totals(db)  # as web.ops.prepare does before every start
        job_id = accept_csv(owner, urls(5))
        work_off()
        assert read_job(job_id).created == created
