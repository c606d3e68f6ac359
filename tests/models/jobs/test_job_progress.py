"""What a job records of its progress, for its rate."""

from models import store
from models.accounts.keys import Owner
from models.jobs import jobs
from models.jobs.jobs import Results
from producer.accept import Upload, accept
from producer.job_options import Options


def test_only_the_first_shard_that_ends_sets_the_pace(owner: Owner) -> None:
    job_id = accept(Upload("csv", "csv", [b"url\nhttps://a.b\n"]), owner, lambda: Options())
    for _ in range(2):
        with store.write() as db:
            jobs.conclude(db, job_id, 1, Results(created=5, existing=1, failures={"INVALID_URL": 1}))
    with store.read() as db:
        job = jobs.get(db, job_id)
    assert job
    assert job.rate_base_at
    assert job.progressed_at
    assert (job.created, job.rate_base_count, job.rate_base_at < job.progressed_at) == (10, 7, True)
