"""The list of jobs and the page of a job, as they are rendered."""

import re
from typing import Any

from flask.testing import FlaskClient

from models.accounts.keys import Owner
from models.jobs.jobs import Job
from models.states import JobStatus
from producer import control
from producer.accept import Upload, accept
from producer.intake.layouts import CSV
from producer.job_options import Options
from producer.resources.jobs import find_job
from tests.models.jobs.making import change
from tests.web.dashboard.filling import form
from tests.work import work_off

MIXED = b"url,slug\nhttps://a.example/,one\nnope,\nhttps://a.example/,one\n"
BROKEN = b"url\nnope\n"
GOOD = b"url\nhttps://a.example/\n"
SEMICOLONS = b"Where;Name\nhttps://a.example/;A\n"


def run(owner: Owner, content: bytes, name: str = "urls.csv", **options: Any) -> Job:
    job_id = accept(Upload(CSV, CSV, [content], filename=name), owner, lambda: Options(**options))
    work_off()
    return find_job(owner, job_id)


def names(page: str) -> list[str]:
    return re.findall(r'<td data-label="Job" class="wrap"><div><a href="[^"]+">([^<]+)</a>', page)


def test_jobs_are_filtered_by_state_and_name(client: FlaskClient, owner: Owner) -> None:
    run(owner, MIXED, "mixed.csv")
    run(owner, GOOD, "good.csv")
    assert names(client.get("/app/jobs").text) == ["good.csv", "mixed.csv"]
    assert names(client.get("/app/jobs?state=partial").text) == ["mixed.csv"]
    assert names(client.get("/app/jobs?search=GOOD").text) == ["good.csv"]
    assert "No jobs match." in client.get("/app/jobs?state=cancelled").text


def test_a_job_is_renamed(client: FlaskClient, owner: Owner) -> None:
    job = run(owner, GOOD)
    page = f"/app/jobs/{job.id}"
    renamed = client.post(f"{page}/name", data=form(client, name=" Spring <sale> "), follow_redirects=True)
    assert "The job is now called Spring &lt;sale&gt;." in renamed.text
    assert find_job(owner, job.id).name == "Spring <sale>"
    assert "must not be blank" in client.post(f"{page}/name", data=form(client), follow_redirects=True).text


def test_failures_stand_in_a_table_and_filter_the_rows(client: FlaskClient, owner: Owner) -> None:
    job = run(owner, MIXED)
    page = client.get(f"/app/jobs/{job.id}").text
    assert "Download failed rows" in page
    assert re.search(r'<tr data-code="INVALID_URL">', page)
    assert re.search(r'<tr data-code="LIMIT_REACHED" hidden>', page)
    rows = client.get(f"/app/jobs/{job.id}?code=SLUG_TAKEN").text
    assert re.findall(r'<td data-label="Line">(\d+)</td>', rows) == ["4"]


def test_a_retry_is_offered_only_where_it_can_help(client: FlaskClient, owner: Owner) -> None:
    assert "Retry failed rows" in client.get(f"/app/jobs/{run(owner, MIXED).id}").text
    assert "Retry failed rows" not in client.get(f"/app/jobs/{run(owner, BROKEN).id}").text


def test_columns_are_chosen(client: FlaskClient, owner: Owner) -> None:
    job = run(owner, b"url,slug\nhttps://example.com/,first\n")
    address = f"/app/jobs/{job.id}/columns"
    page = client.get(f"{address}?column=clicks&column=own&column=slug&column=nonsense", follow_redirects=True)
    assert page.text == "url,slug,result_slug,clicks\r\nhttps://example.com/,first,first,0\r\n"
    assert "Choose at least one column." in client.get(address, follow_redirects=True).text


def test_a_job_that_was_undone_says_so_and_marks_its_links(client: FlaskClient, owner: Owner) -> None:
    job = run(owner, GOOD)
    page = f"/app/jobs/{job.id}"
    assert f"{page}/undo" in client.get(page).text
    assert "The links that this job created (1) will be deleted" in client.get(f"{page}/undo").text
    undo_id = control.undo(job)
    work_off()
    shown = client.get(page).text
    assert re.search(rf'Undone by <a href="/app/jobs/{undo_id}">', shown)
    assert f"{page}/undo" not in shown
    assert "badge deleted" in shown


def test_a_job_that_failed_as_a_whole_can_be_started_again(client: FlaskClient, owner: Owner) -> None:
    job = change(run(owner, SEMICOLONS, mapping={"url": "Where"}), status=JobStatus.FAILED, detail="Line 2 is broken.")
    job = change(job, created=0, total=None)
    page = client.get(f"/app/jobs/{job.id}").text
    assert "Line 2 is broken." in page
    assert 'id="downloads"' not in page
    assert 'id="rows"' not in page
    form_page = client.get(f"/app/upload?again={job.id}").text
    assert f'name="again" value="{job.id}"' in form_page
    look = client.post("/app/upload/preview", data=form(client, again=job.id, mapping='{"url": "Where"}'))
    assert "1 will be created, 0 will fail" in look.text
    fields = form(client, again=job.id, mapping='{"url": "Where", "title": "Name"}', file=(None, ""))
    started = client.post("/app/upload", data=fields, content_type="multipart/form-data")
    assert started.status_code == 303


def test_what_an_end_took_is_shown(client: FlaskClient, owner: Owner) -> None:
    page = client.get(f"/app/jobs/{run(owner, GOOD).id}").text
    assert re.search(r"Finished <time [^>]+>just now</time> in (less than )?\d", page)
    assert 'data-copy-from="' in page
