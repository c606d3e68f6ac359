"""The draft of a shard: what becomes of each row, as a loop over single links would decide it."""

from typing import Any

import pytest

from models import store
from models.accounts.keys import Owner
from tests.steps import Steps, accept_csv, read_job, record_steps
from tests.work import work_off
from tests.workers.shards.parts import JOB_DOMAIN, draft_rows, judge_rows, make_facts
from workers.shards.draft import Draft, read_facts
from workers.shards.reuse import UrlFacts


def codes(draft: Draft) -> dict[int, str]:
    return {row: problem.code for row, problem in draft.problems.items()}


def test_rows_without_a_wish_wait_for_an_automatic_slug() -> None:
    draft = draft_rows({}, {}, {})
    assert (list(draft.new_rows), draft.slugs, draft.count_missing_slugs(JOB_DOMAIN)) == ([0, 1, 2], [None] * 3, 3)


def test_of_two_rows_that_want_the_same_slug_the_first_gets_it() -> None:
    draft = draft_rows({"slug": "mine"}, {"slug": "mine"}, {"slug": "other"})
    assert (list(draft.new_rows), draft.slugs) == ([0, 2], ["mine", "other"])
    assert codes(draft) == {1: "SLUG_TAKEN"}


def test_slugs_are_case_sensitive() -> None:
    assert codes(draft_rows({"slug": "mine"}, {"slug": "Mine"})) == {}


def test_a_slug_that_the_domain_has_is_taken_and_a_word_of_our_routes_is_reserved() -> None:
    facts = make_facts(reserved=("api",), taken=("used",))
    assert codes(draft_rows({"slug": "used"}, {"slug": "api"}, facts=facts)) == {0: "SLUG_TAKEN", 1: "RESERVED_SLUG"}


def test_a_row_that_fails_leaves_its_slug_to_a_later_one() -> None:
    draft = draft_rows({"url": "nope", "slug": "mine"}, {"slug": "mine"})
    assert codes(draft) == {0: "INVALID_URL"}
    assert draft.slugs == ["mine"]


def test_a_row_whose_external_id_has_a_link_gets_that_link_whatever_else_it_says() -> None:
    facts = make_facts(by_external_id={"a": ("old", 5, None)}, taken=("used",))
    draft = draft_rows({"external_id": "a", "slug": "used"}, {"external_id": "a", "url": "nope"}, facts=facts)
    assert draft.existing == {0: ("old", 5, None), 1: ("old", 5, None)}
    assert (draft.problems, list(draft.new_rows)) == ({}, [])


def test_of_two_rows_with_one_external_id_the_second_gets_the_first_ones_link() -> None:
    draft = draft_rows({"external_id": "a"}, {"external_id": "b"}, {"external_id": "a"})
    assert draft.existing == {2: 0}
    assert list(draft.new_rows) == [0, 1]


def test_a_row_that_fails_gives_its_external_id_to_nobody() -> None:
    draft = draft_rows({"external_id": "a", "url": "nope"}, {"external_id": "a"})
    assert (codes(draft), draft.existing, list(draft.new_rows)) == ({0: "INVALID_URL"}, {}, [1])


def test_an_external_id_counts_before_the_url() -> None:
    urls = UrlFacts({0: 1}, {0}, {"https://example.com/": ("by-url", 1, None)})
    facts = make_facts(by_external_id={"a": ("by-id", 2, None)}, urls=urls)
    assert draft_rows({"external_id": "a"}, facts=facts).existing == {0: ("by-id", 2, None)}


def test_of_two_rows_with_one_url_the_second_shares_the_first_ones_link_where_links_are_reused() -> None:
    facts = make_facts(urls=UrlFacts({0: 1, 1: 1}, {0, 1}))
    draft = draft_rows({}, {}, facts=facts)
    assert (list(draft.new_rows), draft.existing) == ([0], {1: 0})


def test_a_row_that_wants_its_own_slug_creates_a_link_that_later_rows_share() -> None:
    facts = make_facts(urls=UrlFacts({0: 1, 1: 1}, {1}))
    draft = draft_rows({"slug": "mine"}, {}, facts=facts)
    assert (draft.slugs, draft.existing) == (["mine"], {1: 0})


def test_rows_of_an_earlier_run_are_left_alone() -> None:
    draft = draft_rows({"slug": "a"}, {"url": "nope"}, {"slug": "a"}, settled_rows=frozenset((0, 1)))
    assert (list(draft.new_rows), draft.slugs, draft.problems) == ([2], ["a"], {})
    assert draft.result_rows == [2]


def test_automatic_slugs_go_to_the_rows_that_lack_one_in_order() -> None:
    draft = draft_rows({}, {"slug": "mine"}, {}, {})
    draft.fill_slugs(["aaa", "bbb"], JOB_DOMAIN)
    assert (draft.slugs, draft.count_missing_slugs(JOB_DOMAIN)) == (["aaa", "mine", "bbb", None], 1)
    draft.fill_slugs(["ccc"], JOB_DOMAIN)
    assert draft.slugs == ["aaa", "mine", "bbb", "ccc"]


def test_beyond_a_limit_new_rows_fail_and_with_them_the_rows_that_would_share_their_links() -> None:
    draft = draft_rows({"external_id": "a"}, {"external_id": "b"}, {"external_id": "b"}, {"external_id": "a"}, room=1)
    assert codes(draft) == {1: "LIMIT_REACHED", 2: "LIMIT_REACHED"}
    assert (list(draft.new_rows), draft.slugs, draft.existing) == ([0], [None], {3: 0})


def test_a_row_beyond_a_limit_takes_no_slug() -> None:
    draft = draft_rows({}, {"slug": "a"}, {"slug": "a"}, room=1)
    assert codes(draft) == {1: "LIMIT_REACHED", 2: "LIMIT_REACHED"}


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    draft = draft_rows({}, {}, room=2)
    assert (draft.new_count, draft.problems) == (2, {})


def test_results_count_every_row_once() -> None:
    facts = make_facts(by_external_id={"a": ("old", 5, None)})
    results = draft_rows({}, {"external_id": "a"}, {"url": "x"}, {"url": "y"}, {"slug": "/"}, facts=facts).results
    assert (results.created, results.existing, results.failed) == (1, 1, 3)
    assert results.failures == {"INVALID_URL": 2, "INVALID_SLUG": 1}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return record_steps(monkeypatch)


@pytest.mark.usefixtures("steps")
def test_facts_are_those_of_the_jobs_workspace_and_domain(owner: Owner) -> None:
    job_id = accept_csv(owner, "url,slug,external_id\nhttps://a.example/,there,id-1\n")
    work_off()
    _, judged = judge_rows({"slug": "there"}, {"external_id": "id-1"}, {"slug": "free"}, {"tags": ["x", "y"]})
    with store.write() as db:
        facts = read_facts(db, read_job(job_id), judged)
    assert facts.taken_slugs == {"there"}
    assert facts.by_external_id["id-1"][0] == "there"
    assert facts.tag_ids.keys() == {"x", "y"}
    assert "api" in facts.reserved_slugs


@pytest.mark.usefixtures("steps")
def test_a_dry_run_creates_no_tag(owner: Owner) -> None:
    job_id = accept_csv(owner, "url\nhttps://a.example/\n", dry_run=True)
    _, judged = judge_rows({"tags": ["x"]})
    with store.read() as db:
        facts: Any = read_facts(db, read_job(job_id), judged)
    assert facts.tag_ids == {}
