"""Results with the clicks of each row's link, and with chosen columns."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts
from models.clicks.click_counts import ClickCount
from models.jobs import items
from models.jobs.jobs import Job
from producer.accept import Upload, accept
from producer.documents import results
from producer.documents.results import ResultQuery
from producer.intake.layouts import CSV
from producer.job_options import Options
from producer.resources.jobs import find_job
from tests.work import work_off

FILE = b"recipient,url,slug\nann,https://a.example/,to-ann\nbob,https://a.example/,to-bob\nnobody,nowhere,\n"
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def job(owner: Owner) -> Job:
    """A job of a link per recipient; Ann has clicked on two days, a bot on Bob's link."""
    job_id = accept(Upload(CSV, CSV, [FILE]), owner, Options)
    work_off()
    job = find_job(owner, job_id)
    with store.write() as db:
        (ann, bob) = items.links_of(db, job.id)
        click = ClickCount(job.domain_id, "to-ann", ann.generation, TODAY, False, "desktop", "", "", job.id, 2)
        by_bot = click._replace(slug="to-bob", generation=bob.generation, bot=True)
        click_counts.add(db, [click, click._replace(day=YESTERDAY, times=1), by_bot])
    return job


def table(job: Job, query: ResultQuery) -> list[dict[str, str]]:
    text = b"".join(results.as_csv(job, query)).decode()
    return list(csv.DictReader(text.splitlines()))


def test_each_row_has_its_clicks_and_the_days_of_the_first_and_the_last(job: Job) -> None:
    rows = table(job, ResultQuery(shows_clicks=True))
    shown = [(row["recipient"], row["clicks"], row["first_click"], row["last_click"]) for row in rows]
    assert shown == [("ann", "3", str(YESTERDAY), str(TODAY)), ("bob", "0", "", ""), ("nobody", "", "", "")]
    assert rows[0]["result_slug"] == "to-ann"


def test_ndjson_has_them_too(job: Job) -> None:
    lines = b"".join(results.as_ndjson(job, ResultQuery(shows_clicks=True))).splitlines()
    first, second, last = map(json.loads, lines)
    assert (first["clicks"], first["first_click"]) == (3, str(YESTERDAY))
    assert (second["clicks"], second["last_click"], last["clicks"]) == (0, None, None)


@pytest.mark.parametrize(("clicked", "recipients"), [(True, ["ann"]), (False, ["bob"])])
def test_rows_are_filtered_by_whether_their_link_was_clicked(job: Job, clicked: bool, recipients: list[str]) -> None:
    rows = table(job, ResultQuery(clicked=clicked))
    assert [row["recipient"] for row in rows] == recipients
    assert "clicks" not in rows[0]


def test_columns_are_chosen(job: Job) -> None:
    (row, *_) = table(job, ResultQuery(columns=["own", "short_url"]))
    assert list(row) == ["recipient", "url", "slug", "short_url"]
    (row, *_) = table(job, ResultQuery(shows_clicks=True, columns=["short_url", "clicks"]))
    assert list(row) == ["short_url", "clicks"]
    assert (row["short_url"].endswith("/to-ann"), row["clicks"]) == (True, "3")
    (row, *_) = table(job, ResultQuery(columns=["own"]))
    assert list(row.values()) == ["ann", "https://a.example/", "to-ann"]


def test_results_with_clicks_can_be_uploaded_again(owner: Owner, job: Job) -> None:
    failed = b"".join(results.as_csv(job, ResultQuery(statuses=["failed"], shows_clicks=True)))
    job_id = accept(Upload(CSV, CSV, [failed.replace(b"nowhere", b"https://b.example/")]), owner, Options)
    work_off()
    corrected = find_job(owner, job_id)
    assert (corrected.created, corrected.failed) == (1, 0)
    (row,) = table(corrected, ResultQuery())
    assert list(row)[:3] == ["recipient", "url", "slug"]
