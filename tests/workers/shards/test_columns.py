"""The columns that a draft writes: links sorted for their index, tags, titles to fetch, and an item for every row."""

import json
from operator import itemgetter
from typing import Any

from models.states import ItemStatus
from tests.workers.shards.parts import JOB_DOMAIN, draft_rows, make_facts, make_job
from workers.shards import columns
from workers.shards.columns import LONGEST_INPUT
from workers.shards.draft import Draft
from workers.shards.reuse import UrlFacts


def filled(draft: Draft, *slugs: str) -> Draft:
    draft.fill_slugs(list(slugs), JOB_DOMAIN)
    return draft


def test_automatic_links_stay_in_the_order_of_their_rows() -> None:
    draft = filled(draft_rows({"url": "https://a.example/"}, {"url": "https://b.example/"}), "aaa", "bbb")
    links = columns.link_columns(draft)
    assert (links["slug"], links["url"]) == (["aaa", "bbb"], ["https://a.example/", "https://b.example/"])
    assert (links["domain_id"], links["workspace_id"], links["job_id"]) == (33, 22, 11)
    assert links["generation"] == draft.generation


def test_custom_slugs_are_sorted_and_every_column_with_them() -> None:
    rows = ({"slug": "c", "max_clicks": 1}, {"slug": "a", "max_clicks": 2}, {"slug": "b", "max_clicks": 3})
    links = columns.link_columns(draft_rows(*rows))
    assert links["slug"] == ["a", "b", "c"]
    assert links["max_clicks"] == [2, 3, 1]


def test_rows_that_create_no_link_are_in_no_column() -> None:
    draft = filled(draft_rows({"url": "nope"}, {"url": "https://b.example/"}), "aaa")
    assert columns.link_columns(draft)["url"] == ["https://b.example/"]


def test_each_tag_of_a_new_link_is_a_row() -> None:
    rows: tuple[dict[str, Any], ...] = ({"tags": ["x", "y"]}, {}, {"tags": ["y"]}, {"tags": ["x"], "url": "nope"})
    draft = filled(draft_rows(*rows, facts=make_facts(tag_ids={"x": 1, "y": 2})), "aaa", "bbb", "ccc")
    tags = columns.tag_columns(draft)
    assert (tags["tag_id"], tags["slug"]) == ([1, 2, 2], ["aaa", "aaa", "ccc"])
    assert tags.keys() == {"workspace_id", "domain_id", "generation", "tag_id", "slug"}


def test_without_tags_there_is_nothing_to_write() -> None:
    assert columns.tag_columns(filled(draft_rows({}), "aaa")) == {}
    only_failing = draft_rows({"tags": ["x"], "url": "nope"}, facts=make_facts(tag_ids={"x": 1}))
    assert columns.tag_columns(only_failing) == {}


def test_titles_are_fetched_for_links_that_have_none_of_their_own() -> None:
    rows = ({"title": "Mine"}, {"url": "https://pages.example:8443/x"})
    untitled = columns.untitled_columns(filled(draft_rows(*rows), "aaa", "bbb"))
    assert (untitled["slug"], untitled["host"]) == (["bbb"], ["pages.example"])
    assert untitled.keys() == {"domain_id", "generation", "job_id", "slug", "url", "host"}
    assert columns.untitled_columns(filled(draft_rows({"title": "Mine"}), "aaa")) == {}


def items(draft: Draft) -> list[dict[str, Any]]:
    """The items as rows, in order."""
    rows: list[dict[str, Any]] = []
    for batch in columns.item_batches(draft):
        for place in range(len(batch["index"])):
            row = dict.fromkeys(columns.RESULT_COLUMNS)
            for name, column in batch.items():
                row[name] = column[place] if isinstance(column, list | range) else column
            rows.append(row)
    return sorted(rows, key=itemgetter("index"))


def test_a_shard_whose_rows_all_create_links_names_status_and_generation_once() -> None:
    draft = filled(draft_rows({}, {}, first_index=100), "aaa", "bbb")
    [table] = columns.item_batches(draft)
    assert (table["status"], table["generation"]) == (ItemStatus.CREATED, draft.generation)
    assert (list(table["index"]), list(table["line"])) == ([100, 101], [1, 2])


def test_items_say_what_became_of_each_row() -> None:
    facts = make_facts(by_external_id={"a": ("old", 5, None)})
    rows = ({"external_id": "new"}, {"external_id": "a"}, {"url": "nope"}, {"external_id": "new"})
    draft = filled(draft_rows(*rows, facts=facts), "aaa")
    results = [(item["status"], item["slug"], item["generation"], item["error_code"]) for item in items(draft)]
    assert results == [
        ("created", "aaa", draft.generation, None),
        ("existing", "old", 5, None),
        ("failed", None, None, "INVALID_URL"),
        ("existing", "aaa", draft.generation, None),
    ]
    assert [item["external_id"] for item in items(draft)] == ["new", "a", None, "new"]


def test_a_retry_writes_only_the_rows_that_had_no_result() -> None:
    draft = draft_rows({"slug": "a"}, {"slug": "b"}, {"slug": "c"}, settled_rows=frozenset((1,)), first_index=10)
    assert [(item["index"], item["slug"]) for item in items(draft)] == [(10, "a"), (12, "c")]


def test_a_failed_row_keeps_what_was_sent_but_no_password_and_no_endless_value() -> None:
    draft = draft_rows({"url": "nope", "password": "secret", "title": "x" * 5000}, {"url": "no\0pe"})
    first, second = items(draft)
    kept = json.loads(first["input"])
    assert (kept["url"], kept["password"], len(kept["title"])) == ("nope", "", LONGEST_INPUT)
    assert "secret" not in first["input"]
    assert json.loads(second["input"])["url"] == "no\0pe"
    assert "\0" not in second["error_message"]
    second["error_message"].encode()


def test_a_dry_run_keeps_the_url_of_links_that_it_does_not_create() -> None:
    facts = make_facts(by_external_id={"a": ("old", 5, None)})
    draft = draft_rows({"slug": "new"}, {"external_id": "a"}, facts=facts, job=make_job(dry_run=True))
    created, existing = items(draft)
    assert (created["status"], created["slug"], created["generation"]) == ("created", "new", None)
    assert (existing["status"], existing["slug"], existing["generation"]) == ("existing", "old", 5)
    assert json.loads(created["input"])["url"] == "https://example.com/"


def test_a_dry_run_marks_the_rows_whose_link_others_would_share() -> None:
    job = make_job(dry_run=True, options={"duplicates": "reuse"})
    facts = make_facts(urls=UrlFacts({0: 1}, {0}))
    shared, private, failed = items(draft_rows({}, {"max_clicks": 1}, {"url": "nope"}, facts=facts, job=job))
    assert (shared["shares_url"], private["shares_url"], failed["shares_url"]) == (True, False, False)
