"""What later rows of a dry run ask about earlier ones."""

from typing import Any

import pytest

from models import store
from models.accounts.keys import Owner
from models.jobs import duplicates, items
from models.jobs.duplicates import EarlierRows, input_json
from models.states import ItemStatus
from tests.models.jobs.making import make_job

OTHER_DOMAIN = 3
A, B = "https://a.example/", "https://b.example/"


@pytest.fixture
def earlier(owner: Owner) -> EarlierRows:
    """Four rows of a dry run that are earlier, and one that is not; another dry run has the same ones."""
    make_dry_run(owner, ItemStatus.CREATED)
    return make_dry_run(owner, ItemStatus.CREATED, {2: ItemStatus.EXISTING, 3: ItemStatus.FAILED})


def make_dry_run(owner: Owner, status: ItemStatus, others: dict[int, ItemStatus] | None = None) -> EarlierRows:
    rows = 5
    job = make_job(owner, rows, dry_run=True)
    statuses: list[Any] = [(others or {}).get(row, status) for row in range(rows)]
    columns = {
        "job_id": job.id,
        "index": range(rows),
        "line": range(2, rows + 2),
        "status": statuses,
        "slug": ["a", None, "c", None, "e"],
        "external_id": ["x", "y", "z", None, "w"],
        "input": [input_json(A), input_json(B), input_json("https://c.example/"), None, input_json(A)],
        "domain_id": [None, OTHER_DOMAIN, None, None, None],
        "shares_url": [True, True, True, False, True],
    }
    with store.write() as db:
        items.write(db, columns, rows)
    return EarlierRows(job.id, 4)


def test_only_rows_that_would_create_a_link_take_their_slug(earlier: EarlierRows) -> None:
    with store.read() as db:
        assert duplicates.taken_slugs(db, earlier, ["a", "c", "e", "other"], None) == {"a"}
        assert duplicates.taken_slugs(db, earlier, ["a"], OTHER_DOMAIN) == set()
        assert duplicates.taken_slugs(db, earlier, [], None) == set()


def test_an_external_id_leads_to_the_slug_of_the_earlier_row(earlier: EarlierRows) -> None:
    with store.read() as db:
        links = duplicates.by_external_id(db, earlier, ["x", "y", "z", "w"])
        assert links == {"x": ("a", None), "y": (None, OTHER_DOMAIN)}
        assert duplicates.by_external_id(db, earlier, []) == {}


def test_a_url_leads_to_the_slug_of_an_earlier_row_that_shares_it(earlier: EarlierRows) -> None:
    with store.read() as db:
        assert duplicates.by_url(db, earlier, [A, B, "https://c.example/"], None) == {A: ("a", None)}
        assert duplicates.by_url(db, earlier, [A, B], OTHER_DOMAIN) == {B: (None, OTHER_DOMAIN)}
        assert duplicates.by_url(db, earlier, [], None) == {}


def test_links_that_earlier_rows_would_create_are_counted(earlier: EarlierRows) -> None:
    with store.read() as db:
        assert duplicates.count_created(db, earlier) == 2
