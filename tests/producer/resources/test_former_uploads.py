"""The file of a job that failed as a whole is read again, with other options."""

import json

import pytest

from models.accounts.keys import Owner
from models.errors import Conflict
from models.jobs.jobs import Job
from models.states import JobStatus
from producer.accept import Upload, accept
from producer.intake import upload_store
from producer.intake.layouts import CSV
from producer.job_options import Options
from producer.resources import former_uploads
from producer.resources.jobs import find_job
from tests.models.jobs.making import change

FILE = b"Where;Name\nhttps://a.example/;A\n"
OPTIONS = Options(
    name="Spring", mapping={"url": "Where"}, defaults={"tags": ["a", "b"], "slug": "x-{row}"}, dry_run=True
)


@pytest.fixture
def job(owner: Owner) -> Job:
    job_id = accept(Upload(CSV, CSV, [FILE]), owner, lambda: OPTIONS)
    return change(find_job(owner, job_id), status=JobStatus.FAILED)


def test_the_same_file_becomes_another_job(owner: Owner, job: Job) -> None:
    again = accept(former_uploads.upload_again(job), owner, lambda: Options(mapping={"url": "Where", "title": "Name"}))
    found = find_job(owner, again)
    assert (found.name, found.total) == ("Spring", 1)
    assert upload_store.read(found.upload, 0, 1000) == FILE


def test_its_beginning_can_be_previewed(owner: Owner, job: Job) -> None:
    assert former_uploads.read_head(job, 1000, 1000) == (FILE, True)
    assert former_uploads.read_head(job, 5, 1000) == (FILE[:5], False)


def test_its_options_fill_the_form(owner: Owner, job: Job) -> None:
    options = former_uploads.options_of(job)
    assert json.loads(options.pop("mapping")) == {"url": "Where"}
    assert {name: text for name, text in options.items() if text} == {
        "name": "Spring", "delimiter": "semicolon", "dry_run": "true", "duplicates": "create", "groups": "fail",
        "slugs": "plain", "tags": "a, b", "slug": "x-{row}",
    }  # fmt: skip


def test_a_job_that_read_its_file_is_refused(owner: Owner, job: Job) -> None:
    completed = change(job, status=JobStatus.COMPLETED)
    with pytest.raises(Conflict):
        former_uploads.upload_again(completed)
