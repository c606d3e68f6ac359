"""Rows with a domain of their own: their links, slugs, results and every later reading are on that domain."""

import csv
import io
import json
from typing import Any

import pytest
from sqlalchemy import select, update

from models import store
from models.accounts import domains
from models.accounts.domains import Domain
from models.accounts.keys import Owner
from models.links import title_queue
from models.tables import domains as domain_rows
from models.tables import items as item_rows
from models.tables import links as link_rows
from producer import control
from producer.accept import Upload, accept
from producer.documents.results import ResultQuery, as_csv, as_ndjson
from producer.intake.layouts import NDJSON
from producer.job_options import Options
from producer.resources import jobs, links
from tests.owners import new_owner
from tests.steps import Steps, accept_csv, record_steps
from tests.work import work_off
from workers.chores import clicks

GO = "go.example"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    monkeypatch.setattr(clicks, "BUFFERED_SECONDS", 0.0)
    monkeypatch.setattr(clicks, "drain", lambda: None)
    return record_steps(monkeypatch)


@pytest.fixture
def go(owner: Owner) -> Domain:
    """A domain of the workspace's own."""
    with store.write() as db:
        return domains.add(db, owner.workspace_id, GO)


def items_of(owner: Owner, job_id: int) -> list[dict[str, Any]]:
    return jobs.list_items(jobs.find_job(owner, job_id), (), -1, 100).items


def outcomes(owner: Owner, job_id: int) -> list[tuple[str, str | None, str | None]]:
    """Status, short URL without its scheme, and error code of each item."""
    results = []
    for item in items_of(owner, job_id):
        short_url = item["short_url"] and item["short_url"].partition("://")[2]
        results.append((item["status"], short_url, item["error"] and item["error"]["code"]))
    return results


def links_of(owner: Owner, **query: str) -> set[str]:
    return {link["short_url"].partition("://")[2] for link in links.list_links(owner, query, None, 100).items}


ROWS = "url,slug,domain\nhttps://a.b/,sale,\nhttps://a.b/,sale,GO.example\nhttps://a.b/,sale,go.example\n"


@pytest.mark.usefixtures("go")
def test_a_slug_is_taken_only_on_its_own_domain(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    work_off()
    assert outcomes(owner, job_id) == [
        ("created", "localhost:8000/sale", None),
        ("created", "go.example/sale", None),
        ("failed", None, "SLUG_TAKEN"),
    ]
    again = accept_csv(owner, ROWS)
    work_off()
    assert [code for _, _, code in outcomes(owner, again)] == ["SLUG_TAKEN"] * 3
    assert links_of(owner, job=str(job_id)) == {"localhost:8000/sale", "go.example/sale"}


@pytest.mark.usefixtures("go")
def test_a_dry_run_says_the_same(owner: Owner, steps: Steps) -> None:
    dry = accept_csv(owner, ROWS, dry_run=True)
    work_off()
    job_id = accept_csv(owner, ROWS)
    work_off()
    assert outcomes(owner, dry) == outcomes(owner, job_id)


def test_a_domain_is_named_by_its_id_too_and_the_jobs_own_is_nothing_special(
    owner: Owner, steps: Steps, go: Domain
) -> None:
    rows = f"url,domain\nhttps://a.b/,{go.id}\nhttps://a.b/,localhost:8000\nhttps://a.b/,\n"
    job_id = accept_csv(owner, rows, domain=GO)
    work_off()
    hosts = [short_url.partition("/")[0] for _, short_url, _ in outcomes(owner, job_id) if short_url]
    assert hosts == [GO, "localhost:8000", GO]
    with store.read() as db:
        own_domains = db.execute(select(item_rows.c.domain_id).order_by(item_rows.c.index)).scalars().all()
    assert [own is None for own in own_domains] == [True, False, True]


def test_a_domain_that_is_unknown_or_another_workspaces_fails_its_row_alone(owner: Owner, steps: Steps) -> None:
    other = new_owner("others")
    with store.write() as db:
        domains.add(db, other.workspace_id, "theirs.example")
    rows = "url,domain\nhttps://a.b/,theirs.example\nhttps://a.b/,nowhere.example\nhttps://a.b/,\n"
    job_id = accept_csv(owner, rows)
    work_off()
    assert [code for _, _, code in outcomes(owner, job_id)] == ["UNKNOWN_DOMAIN", "UNKNOWN_DOMAIN", None]


@pytest.mark.usefixtures("go")
def test_a_link_to_its_own_domain_is_a_loop_and_one_to_another_is_not(owner: Owner, steps: Steps) -> None:
    rows = "url,domain\nhttps://go.example/x,go.example\nhttps://go.example/x,\nhttp://localhost:8000/x,go.example\n"
    job_id = accept_csv(owner, rows)
    work_off()
    assert [code for _, _, code in outcomes(owner, job_id)] == ["BLOCKED_URL", None, "BLOCKED_URL"]


def test_automatic_slugs_tags_and_titles_are_those_of_the_rows_domain(owner: Owner, steps: Steps, go: Domain) -> None:
    rows = [{"url": f"https://a.b/{row}", "tags": ["x"], "domain": GO if row % 2 else None} for row in range(6)]
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    job_id = accept(Upload(NDJSON, NDJSON, [body]), owner, lambda: Options(fetch_titles=True))
    work_off()
    assert [short_url and short_url.split("/")[0] for _, short_url, _ in outcomes(owner, job_id)] == [
        "localhost:8000",
        GO,
    ] * 3
    assert len(links_of(owner, tag="x", job=str(job_id))) == 6
    with store.write() as db:
        queued = [title_queue.claim(db, "") for _ in range(2)]
        urls = dict(db.execute(select(link_rows.c.url, link_rows.c.domain_id)).all())
    assert all(link and urls[link.url] == link.domain_id for link in queued)
    assert [item["url"] for item in items_of(owner, job_id)] == [row["url"] for row in rows]


@pytest.mark.usefixtures("go")
def test_a_url_is_reused_on_the_domain_that_its_row_names(owner: Owner, steps: Steps) -> None:
    rows = "url,domain\nhttps://a.b/,\nhttps://a.b/,go.example\nhttps://a.b/,\nhttps://a.b/,go.example\n"
    first = accept_csv(owner, rows, duplicates="reuse")
    work_off()
    results = outcomes(owner, first)
    assert [status for status, _, _ in results] == ["created", "created", "existing", "existing"]
    assert [results[2][1], results[3][1]] == [results[0][1], results[1][1]]
    again = accept_csv(owner, rows, duplicates="reuse")
    dry = accept_csv(owner, rows, duplicates="reuse", dry_run=True)
    work_off()
    assert outcomes(owner, again) == outcomes(owner, dry)
    assert [short_url for _, short_url, _ in outcomes(owner, again)] == [short_url for _, short_url, _ in results]


@pytest.mark.usefixtures("go")
def test_an_external_id_finds_its_link_on_whatever_domain_it_is(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, "url,slug,domain,external_id\nhttps://a.b/,sale,go.example,e\n")
    work_off()
    job_id = accept_csv(owner, "url,external_id\nhttps://other.example/,e\n")
    work_off()
    assert outcomes(owner, job_id) == [("existing", "go.example/sale", None)]
    assert items_of(owner, job_id)[0]["url"] == "https://a.b/"


@pytest.mark.usefixtures("go")
def test_results_have_each_rows_short_url(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, ROWS)
    work_off()
    job = jobs.find_job(owner, job_id)
    table = list(csv.DictReader(io.StringIO(b"".join(as_csv(job, ResultQuery())).decode())))
    assert [row["short_url"] for row in table] == ["http://localhost:8000/sale", "http://go.example/sale", ""]
    lines = [json.loads(line) for line in b"".join(as_ndjson(job, ResultQuery(["created"]))).splitlines()]
    assert [line["short_url"] for line in lines] == ["http://localhost:8000/sale", "http://go.example/sale"]


@pytest.mark.usefixtures("go")
def test_an_undo_deletes_the_links_of_every_domain_and_nothing_else(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, "url,slug,domain\nhttps://a.b/,kept,go.example\n")
    work_off()
    job_id = accept_csv(owner, ROWS)
    work_off()
    undo_id = control.undo(jobs.find_job(owner, job_id))
    work_off()
    assert links_of(owner) == {"go.example/kept"}
    assert outcomes(owner, undo_id) == [
        ("deleted", "localhost:8000/sale", None),
        ("deleted", "go.example/sale", None),
    ]


def test_a_retry_creates_what_failed_on_its_domain(owner: Owner, steps: Steps, go: Domain) -> None:
    with store.write() as db:
        db.execute(update(domain_rows).where(domain_rows.c.id == go.id).values(workspace_id=1))
    job_id = accept_csv(owner, ROWS)
    work_off()
    assert [code for _, _, code in outcomes(owner, job_id)] == [None, "UNKNOWN_DOMAIN", "UNKNOWN_DOMAIN"]
    with store.write() as db:
        db.execute(update(domain_rows).where(domain_rows.c.id == go.id).values(workspace_id=owner.workspace_id))
    control.retry(jobs.find_job(owner, job_id))
    work_off()
    assert outcomes(owner, job_id)[1:] == [("created", "go.example/sale", None), ("failed", None, "SLUG_TAKEN")]


def test_each_domain_spells_its_own_slugs(owner: Owner, steps: Steps) -> None:
    with store.write() as db:
        domains.add(db, owner.workspace_id, GO, case_sensitive=False)
    job_id = accept_csv(owner, "url,slug,domain\nhttps://a.b/,Sale,go.example\nhttps://a.b/,Sale,\n")
    work_off()
    assert [item["slug"] for item in items_of(owner, job_id)] == ["sale", "Sale"]


@pytest.mark.usefixtures("go")
def test_a_short_url_gives_slug_and_domain(owner: Owner, steps: Steps) -> None:
    rows = (
        "url,short_url,slug,domain\n"
        "https://a.b/,https://go.example/s%2D1?x=1,,\n"
        "https://a.b/,bit.ly/s-2,,\n"
        "https://a.b/,https://go.example/s-3,mine,\n"
        "https://a.b/,https://go.example/s-4,,localhost:8000\n"
        "https://a.b/,https://bit.ly/,,\n"
        "https://a.b/,https://bit.ly/a/b,,\n"
    )
    # Without the mapping, the column of domains beside one of short URLs would be taken for that of their old hosts.
    job_id = accept_csv(owner, rows, defaults={"slug": "default"}, mapping={"domain": "domain"})
    work_off()
    assert outcomes(owner, job_id) == [
        ("created", "go.example/s-1", None),
        ("created", "localhost:8000/s-2", None),
        ("created", "go.example/mine", None),
        ("created", "localhost:8000/s-4", None),
        ("failed", None, "INVALID_SLUG"),
        ("failed", None, "INVALID_SLUG"),
    ]


def test_results_of_a_json_upload_keep_its_short_urls_beside_ours(owner: Owner, steps: Steps) -> None:
    plain, with_short_url = {"url": "nope"}, {"url": "nope", "short_url": "https://bit.ly/x"}
    names: list[set[str]] = []
    for row in (plain, with_short_url):
        job_id = accept(Upload(NDJSON, NDJSON, [json.dumps(row).encode()]), owner, Options)
        work_off()
        [line] = b"".join(as_ndjson(jobs.find_job(owner, job_id), ResultQuery())).splitlines()
        names.append({name for name in json.loads(line) if "short_url" in name})
    assert names == [{"short_url"}, {"short_url", "result_short_url"}]
