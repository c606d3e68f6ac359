"""Fields that links bring from elsewhere: each is stored, shown and counted as its row says."""

import json
from datetime import date
from typing import Any

import pytest

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts
from models.clicks.click_counts import ClickCount
from models.states import ItemStatus
from producer import control
from producer.accept import Upload, accept
from producer.documents.results import ResultQuery, as_csv, as_ndjson
from producer.intake.layouts import NDJSON
from producer.job_options import Options
from producer.resources import jobs, links
from tests.steps import Steps, accept_csv, record_steps
from tests.work import work_off

HEADER = "url,created_at,clicks,disabled,comment,custom_id\n"
ROW = "https://a.example/,2020-02-03T04:05:06Z,40,yes,from Bitly,c-1\n"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


def links_of(owner: Owner) -> list[dict[str, Any]]:
    return links.list_links(owner, {}, None, 100).items


def items_of(owner: Owner, job_id: int) -> list[dict[str, Any]]:
    return jobs.list_items(jobs.find_job(owner, job_id), (), -1, 100).items


def test_a_link_keeps_what_its_row_brings(owner: Owner, steps: Steps) -> None:
    job_id = accept_csv(owner, HEADER + ROW + "https://b.example/,,,,,\n")
    work_off()
    newest, oldest = links_of(owner)
    assert (oldest["created_at"], oldest["clicks"], oldest["opening_clicks"]) == ("2020-02-03T04:05:06.000Z", 40, 40)
    assert (oldest["status"], oldest["disabled"], oldest["comment"]) == ("disabled", True, "from Bitly")
    assert (newest["clicks"], newest["status"], newest["comment"]) == (0, "active", None)
    assert [item["custom_id"] for item in items_of(owner, job_id)] == ["c-1", None]


def test_opening_clicks_are_told_apart_from_those_counted_here(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, HEADER + ROW)
    work_off()
    [link] = links_of(owner)
    with store.write() as db:
        domain_id, slug, generation = db.exec_driver_sql("SELECT domain_id, slug, generation FROM links").one()
        clicks = ClickCount(
            domain_id, slug, generation, date(2027, 1, 1), False, "phone", "", "", int(link["job_id"]), 2
        )
        click_counts.add(db, [clicks])
    stats = links.link_stats(owner, link["id"])
    assert (stats["clicks"], stats["opening_clicks"]) == (42, 40)
    assert [device["clicks"] for device in stats["by_device"]] == [2]
    assert links_of(owner)[0]["clicks"] == 42


def test_a_disabled_link_can_be_enabled_and_commented(owner: Owner, steps: Steps) -> None:
    accept_csv(owner, HEADER + ROW)
    work_off()
    [link] = links_of(owner)
    changed = links.change_link(owner, link["id"], {"disabled": False, "comment": "moved"})
    assert (changed["status"], changed["comment"]) == ("active", "moved")


def test_a_disabled_link_is_given_to_no_other_row_until_it_is_enabled(owner: Owner, steps: Steps) -> None:
    rows = HEADER + ROW + "https://a.example/,,,,,c-2\n"
    first = accept_csv(owner, rows, duplicates="reuse")
    work_off()
    assert [item["status"] for item in items_of(owner, first)] == ["created", "created"]
    disabled, enabled = sorted(links_of(owner), key=lambda link: link["status"] == "active")
    links.remove_link(owner, enabled["id"])
    links.change_link(owner, disabled["id"], {"disabled": False})
    again = accept_csv(owner, "url,custom_id\nhttps://a.example/,c-3\n", duplicates="reuse")
    work_off()
    [item] = items_of(owner, again)
    assert (item["status"], item["slug"], item["custom_id"]) == ("existing", disabled["slug"], "c-3")


def test_a_custom_id_comes_back_whatever_becomes_of_its_row(owner: Owner, steps: Steps) -> None:
    rows = [{"url": "https://a.example/", "custom_id": "same"}, {"url": "nope", "custom_id": "same"}]
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    job_id = accept(Upload(NDJSON, NDJSON, [body]), owner, Options)
    waiting = accept(Upload(NDJSON, NDJSON, [body]), owner, Options)
    control.cancel(jobs.find_job(owner, waiting))
    work_off()
    job = jobs.find_job(owner, job_id)
    assert [(item["status"], item["custom_id"]) for item in items_of(owner, job_id)] == [
        (ItemStatus.CREATED, "same"),
        (ItemStatus.FAILED, "same"),
    ]
    assert {item["custom_id"] for item in items_of(owner, waiting)} == {"same"}
    assert b"same" in b"".join(as_csv(job, ResultQuery(["failed"])))
    assert b'"custom_id":"same"' in b"".join(as_ndjson(job, ResultQuery(["failed"])))
