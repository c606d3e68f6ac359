"""Items are read back by range, by status and with their links, while those links exist."""

from typing import Any

from sqlalchemy import delete, insert

from models import store
from models.accounts.keys import Owner
from models.jobs import items
from models.jobs.items import CreatedItem, Item, ItemLink, ItemResult
from models.jobs.jobs import Job
from models.states import ItemStatus
from models.tables import links
from tests.models.jobs.making import add_items, make_job

CREATED, EXISTING, FAILED = ItemStatus.CREATED, ItemStatus.EXISTING, ItemStatus.FAILED
STATUSES = {0: CREATED, 1: FAILED, 2: EXISTING, 3: CREATED}


def test_a_page_continues_behind_an_index(owner: Owner) -> None:
    job = job_with_items(owner)
    assert [item.at for item in page(job)] == [0, 1, 2, 3]
    assert [item.at for item in page(job, after=1, limit=1)] == [2]
    assert [item.at for item in page(job, statuses=[CREATED, FAILED])] == [0, 1, 3]


def test_an_item_shows_the_url_of_its_link_while_that_very_link_exists(owner: Owner) -> None:
    job = job_with_items(owner)
    add_link(job, "s0", generation=1)
    add_link(job, "s3", generation=2)
    assert page(job)[0] == Item(0, 2, CREATED, "s0", None, None, None, None, None, "https://s0.example/")
    assert page(job)[3].url is None, "the slug has another link by now"


def test_a_range_holds_what_has_a_result(owner: Owner) -> None:
    job = make_job(owner, 9)
    add_items(job, {0: CREATED, 2: FAILED, 5: CREATED})
    with store.read() as db:
        assert items.indexes(db, job.id, 0, 3) == [0, 2]
        assert items.in_range(db, job.id, 2, 4) == [
            ItemResult(2, 4, FAILED, None, None, None),
            ItemResult(5, 7, CREATED, "s5", None, None),
        ]
        assert items.in_range(db, job.id, 6, 3) == []


def test_created_items_come_with_their_links_or_without(owner: Owner) -> None:
    job = job_with_items(owner)
    add_link(job, "s0", generation=1)
    with store.read() as db:
        created = items.created_in_range(db, job.id, job.domain_id, 0, 4)
        slugs = list(db.execute(items.created_slugs(job.id, 0, 3)).scalars())
    assert created == [
        CreatedItem(0, 2, "s0", 1, None, None, "https://s0.example/"),
        CreatedItem(3, 5, "s3", 1, None, None, None),
    ]
    assert slugs == ["s0"]


def test_all_results_of_a_job_come_in_input_order(owner: Owner) -> None:
    job = job_with_items(owner)
    add_link(job, "s2", generation=1, title="A title")
    with store.read() as db:
        results = items.results(db, job.id)
        linked = items.with_links(db, job.id, job.domain_id)
        assert items.links_of(db, job.id) == [ItemLink("s0", 1), ItemLink("s2", 1), ItemLink("s3", 1)]
    assert [item.at for item in results] == [item.at for item in linked] == [0, 1, 2, 3]
    assert [(item.url, item.title) for item in linked[1:3]] == [(None, None), ("https://s2.example/", "A title")]


def test_an_item_survives_its_link(owner: Owner) -> None:
    job = job_with_items(owner)
    add_link(job, "s0", generation=1)
    with store.write() as db:
        db.execute(delete(links))
    assert page(job)[0].slug == "s0"


def test_a_batch_is_written_by_column(owner: Owner) -> None:
    job = make_job(owner, 3)
    columns = {"job_id": job.id, "index": range(2), "line": [2, 3], "status": CREATED, "slug": ["a", "b"]}
    with store.write() as db:
        items.write(db, columns, 2)
    assert [(item.at, item.line, item.status, item.slug) for item in page(job)] == [
        (0, 2, "created", "a"),
        (1, 3, "created", "b"),
    ]


def job_with_items(owner: Owner) -> Job:
    job = make_job(owner, len(STATUSES))
    add_items(job, STATUSES)
    return job


def add_link(job: Job, slug: str, **values: Any) -> None:
    link = {
        "domain_id": job.domain_id,
        "slug": slug,
        "workspace_id": job.workspace_id,
        "job_id": job.id,
        "url": f"https://{slug}.example/",
    }
    with store.write() as db:
        db.execute(insert(links).values(link | values))


def page(job: Job, statuses: list[ItemStatus] | None = None, after: int = -1, limit: int = 10) -> list[Item]:
    with store.read() as db:
        return items.page(db, job.id, job.domain_id, statuses or [], after, limit)
