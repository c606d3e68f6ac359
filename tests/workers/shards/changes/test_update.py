"""Update: a row's fields replace those of its link, one row after the other."""

from typing import Any

import pytest

from models.accounts.keys import Owner
from models.errors import Unreadable
from models.jobs.jobs import Job
from producer.accept import Upload
from producer.documents import results
from producer.documents.results import ResultQuery
from producer.intake.layouts import CSV
from tests.changes import link_id, link_rows, outcomes, run_rows, run_upload, statuses
from tests.steps import record_steps

ROWS = [
    {"url": f"https://example.com/{slug}", "slug": slug, "external_id": f"id-{slug}", "title": slug.upper()}
    for slug in "abcde"
]


@pytest.fixture(autouse=True)
def created(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Job:
    record_steps(monkeypatch)
    return run_rows(owner, ROWS)


def update(owner: Owner, *rows: dict[str, Any], **options: Any) -> Job:
    return run_rows(owner, rows, action="update", **options)


def test_the_fields_of_a_row_replace_those_of_its_link(owner: Owner) -> None:
    job = update(owner, {"external_id": "id-a", "title": "New", "max_clicks": 5}, {"slug": "b", "title": "B"})
    assert outcomes(job) == [
        ("updated", None, {"max_clicks": [None, 5], "title": ["A", "New"]}),
        ("existing", None, None),
    ]
    link = link_rows()["a"]
    assert (link.title, link.max_clicks, link.url) == ("New", 5, "https://example.com/a")
    assert (job.kind, job.updated, job.existing, job.failed) == ("update", 1, 1, 0)


def test_the_last_row_of_a_link_wins(owner: Owner) -> None:
    job = update(owner, {"slug": "a", "title": "1"}, {"external_id": "id-a", "title": "2"}, {"slug": "a", "title": "2"})
    assert [changes for _, _, changes in outcomes(job)] == [{"title": ["A", "1"]}, {"title": ["1", "2"]}, None]
    assert link_rows()["a"].title == "2"


def test_null_clears_and_an_absent_field_stays(owner: Owner) -> None:
    job = update(owner, {"slug": "a", "title": None}, {"slug": "b", "url": None}, {"slug": "c"})
    assert statuses(job) == ["updated", "INVALID_URL", "existing"]
    assert link_rows()["a"].title is None


def test_results_say_which_fields_a_failed_row_was_to_clear(owner: Owner) -> None:
    job = update(
        owner, {"slug": "nope", "title": None, "password": None, "comment": "x"}, {"slug": "b", "password": "x"}
    )
    failed, changed = b"".join(results.as_ndjson(job, ResultQuery())).splitlines()
    assert failed.startswith(b'{"slug":"nope","title":null,"password":null,"comment":"x","line":1,"status":"failed"')
    assert b"password" not in changed.partition(b'"changes"')[0]


def test_tags_are_replaced_added_and_removed(owner: Owner) -> None:
    update(owner, {"slug": "a", "tags": ["x", "y"]})
    job = update(owner, {"slug": "a", "add_tags": ["z"], "remove_tags": ["x"]}, {"slug": "a", "tags": None})
    assert [changes for _, _, changes in outcomes(job)] == [
        {"tags": [["x", "y"], ["y", "z"]]},
        {"tags": [["y", "z"], []]},
    ]


def test_slugs_and_external_ids_can_be_swapped(owner: Owner) -> None:
    ids = {slug: link_id(slug) for slug in "abc"}
    job = update(
        owner,
        {"slug": "a", "new_slug": "z"},
        {"slug": "b", "new_slug": "a"},
        {"slug": "z", "new_slug": "b"},
        {"slug": "c", "new_slug": "a"},
        {"id": ids["c"], "external_id": None},
        {"slug": "d", "new_slug": "admin"},
    )
    assert statuses(job) == ["updated", "updated", "updated", "SLUG_TAKEN", "updated", "RESERVED_SLUG"]
    rows = link_rows()
    assert (rows["a"].url, rows["b"].url) == ("https://example.com/b", "https://example.com/a")
    assert rows["c"].external_id is None


def test_an_external_id_that_another_link_has_is_refused(owner: Owner) -> None:
    job = update(owner, {"id": link_id("a"), "external_id": "id-e"}, {"id": link_id("b"), "external_id": "new"})
    assert statuses(job) == ["INVALID_EXTERNAL_ID", "updated"]
    assert link_rows()["b"].external_id == "new"


def test_passwords_are_stored_and_never_shown(owner: Owner) -> None:
    job = update(
        owner, {"slug": "a", "password": "secret"}, {"slug": "b", "password": None}, {"slug": "a", "disabled": True}
    )
    assert [changes for _, _, changes in outcomes(job)] == [
        {"password": [False, True]},
        None,
        {"disabled": [False, True]},
    ]
    assert link_rows()["a"].password_hash.startswith("$argon2")


def test_utm_fields_change_the_url_of_the_link(owner: Owner) -> None:
    job = update(owner, {"slug": "a", "utm_source": "mail"}, {"slug": "a", "utm_source": None})
    assert statuses(job) == ["updated", "updated"]
    assert outcomes(job)[0][2] == {"url": ["https://example.com/a", "https://example.com/a?utm_source=mail"]}
    assert link_rows()["a"].url == "https://example.com/a"


def test_a_loop_and_a_broken_rule_change_nothing(owner: Owner) -> None:
    job = update(owner, {"slug": "a", "url": "http://localhost:8000/x", "title": "x"}, {"slug": "b", "max_clicks": 0})
    assert statuses(job) == ["BLOCKED_URL", "INVALID_MAX_CLICKS"]
    assert link_rows()["a"].title == "A"


def test_expiries_are_compared_as_times(owner: Owner) -> None:
    row = {"slug": "a", "expires_at": "2030-01-01T00:00:00Z"}
    job = update(owner, row, row | {"expires_at": "2030-01-01"}, row | {"expires_at": None})
    assert outcomes(job) == [
        ("updated", None, {"expires_at": [None, "2030-01-01T00:00:00.000Z"]}),
        ("existing", None, None),
        ("updated", None, {"expires_at": ["2030-01-01T00:00:00.000Z", None]}),
    ]


def test_groups_are_shown_by_name(owner: Owner) -> None:
    job = update(owner, {"slug": "a", "group": "spring"}, groups="create")
    assert outcomes(job) == [("updated", None, {"group": [None, "spring"]})]
    assert statuses(update(owner, {"slug": "a", "group": "autumn"})) == ["UNKNOWN_GROUP"]


def test_a_dry_run_says_the_same_and_changes_nothing(owner: Owner) -> None:
    job = update(owner, {"slug": "a", "title": "New", "tags": ["x"]}, dry_run=True)
    assert outcomes(job) == [("updated", None, {"title": ["A", "New"], "tags": [[], ["x"]]})]
    assert link_rows()["a"].title == "A"


def test_a_file_whose_rows_name_no_link_is_refused(owner: Owner) -> None:
    with pytest.raises(Unreadable, match="No column names the links"):
        run_csv(owner, "title,url\nA,https://example.com/\n")


def test_empty_cells_of_a_file_keep_or_clear(owner: Owner) -> None:
    text = "slug,title,max_clicks\na,,3\n"
    assert outcomes(run_csv(owner, text)) == [("updated", None, {"max_clicks": [None, 3]})]
    assert outcomes(run_csv(owner, text, empty="clear")) == [("updated", None, {"title": ["A", None]})]


def test_a_file_of_results_comes_back(owner: Owner) -> None:
    job = run_csv(owner, "slug,title\na,New\nnobody,X\n")
    text = b"".join(results.as_csv(job, results.ResultQuery())).decode()
    header, first, _ = text.splitlines()
    assert header.endswith("error_code,error_message,changes")
    assert first.endswith(',"{""title"": [""A"", ""New""]}"')
    assert statuses(run_csv(owner, text)) == ["existing", "NOT_FOUND"]


def run_csv(owner: Owner, text: str, **options: Any) -> Job:
    return run_upload(owner, Upload(CSV, CSV, [text.encode()]), action="update", **options)
