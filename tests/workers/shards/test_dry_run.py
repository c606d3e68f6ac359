"""A dry run's shard ends with items alone, and its job says what a run would say."""

import pytest
from sqlalchemy import func, select

from models import store
from models.accounts.keys import Owner
from models.states import JobStatus
from models.tables import items, links, slug_counters
from producer.signals import counters
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.work import work_off

ROWS = "url,slug\nhttps://a.example/,one\nhttps://b.example/,one\nnope,\nhttps://c.example/,\n"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


def test_it_creates_no_link_and_takes_no_slug(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS, dry_run=True)
    work_off()
    with store.read() as db:
        assert db.execute(select(func.count()).select_from(links)).scalar_one() == 0
        assert db.execute(select(func.count()).select_from(slug_counters)).scalar_one() == 0
        assert db.execute(select(func.count()).select_from(items)).scalar_one() == 4
    job = read_job(job_id)
    assert (job.status, job.created, job.failed) == (JobStatus.COMPLETED, 2, 2)


def test_it_says_the_same_as_the_run(owner: Owner, steps: Steps) -> None:
    dry = accept_csv(owner, ROWS, dry_run=True)
    run = accept_csv(owner, ROWS)
    work_off()
    columns = (items.c.index, items.c.status, items.c.error_code)
    with store.read() as db:
        results = [
            db.execute(select(*columns).where(items.c.job_id == job_id).order_by(items.c.index)).all()
            for job_id in (dry, run)
        ]
    assert results[0] == results[1]


def test_its_end_is_announced_once_and_counted_as_a_dry_run(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS, dry_run=True)
    work_off()
    assert steps.ends == [job_id]
    assert steps.counters == [counters.field_name(counters.JOBS, "dry_run", "completed", "partial")]
