"""What a job records of its progress, for its rate."""

from models import store
from models.accounts.keys import Owner
from models.jobs import jobs
from producer.accept import Options, Upload, accept


def test_only_the_first_shard_that_ends_sets_the_pace(owner: Owner) -> None:
    job_id = accept(Upload("csv", "csv", [b"url\nhttps://a.b\n"]), owner, lambda: Options())
    for _ in range(2):
        with store.write() as db:
            jobs.record(db, job_id, 5, 1, {"INVALID_URL": 1})
    with store.read() as db:
        job = jobs.get(db, job_id)
    assert job
    assert (job.created, job.paced, job.paced_at < job.progressed_at) == (10, 7, True)
