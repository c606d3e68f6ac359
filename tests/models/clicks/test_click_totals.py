"""Totals of clicks follow their links: what is imported, changed, renamed, deleted and brought back."""

from datetime import UTC, datetime

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts, click_totals, recount
from models.clicks.click_counts import ClickCount
from models.link_key import LinkKey
from models.links.bulk import changed_links, deleted_links, found_links
from models.links.bulk.deleted_links import DeletedLink
from models.links.bulk.found_links import SoughtLinks
from models.links.links import Link
from models.store import Connection
from models.tables import clicks, workspace_clicks
from tests.models.jobs.making import make_job
from tests.models.links.new_links import add_link

TODAY = datetime.now(UTC).date()
DELETING_JOB = 17


def click(link: Link, times: int) -> None:
    count = ClickCount(*link.key, TODAY, False, "", "", "", link.job_id, times)
    with store.write() as db:
        click_counts.add(db, [count, count._replace(bot=True, times=100)])


def total(key: LinkKey) -> int:
    with store.read() as db:
        return click_totals.totals(db, [key]).get(key, 0)


def row_ids(db: Connection, owner: Owner, link: Link) -> list[object]:
    return [
        row[0] for row in found_links.find(db, owner.workspace_id, SoughtLinks([], {link.domain_id: [link.slug]}), [])
    ]


def test_the_clicks_that_an_import_brings_are_a_part_of_the_total(owner: Owner) -> None:
    link = add_link(owner, "a", opening_clicks=40)
    assert total(link.key) == 40
    click(link, 2)
    assert total(link.key) == 42
    assert total(add_link(owner, "b", opening_clicks=0).key) == 0


def test_a_change_of_the_opening_clicks_changes_the_total_by_as_much(owner: Owner) -> None:
    link = add_link(owner, "a", opening_clicks=40)
    click(link, 2)
    for opening, expected in ((50, 52), (None, 2), (1, 3)):
        with store.write() as db:
            changed_links.write(db, row_ids(db, owner, link), [link.key], {"opening_clicks": [opening]})
        assert total(link.key) == expected


def test_a_renamed_link_keeps_its_total(owner: Owner) -> None:
    links = [add_link(owner, slug) for slug in "ab"]
    for times, link in enumerate(links, 1):
        click(link, times)
    with store.write() as db:  # they swap slugs
        changed_links.rename(db, [(links[0].key, "b"), (links[1].key, "a")])
    assert [total(link.key) for link in links] == [2, 1]


def test_a_deleted_link_comes_back_with_its_total_and_what_came_late(owner: Owner) -> None:
    link = add_link(owner, "a", opening_clicks=5)
    make_job(owner, id=link.job_id)
    click(link, 3)
    with store.write() as db:
        deleted_links.move(db, DELETING_JOB, [0], row_ids(db, owner, link), [link.key])
    click(link, 1)
    with store.write() as db:
        deleted: list[DeletedLink] = deleted_links.in_range(db, DELETING_JOB, 0, 1)
        deleted_links.bring_back(db, owner.workspace_id, deleted, reuses=False)
    assert total(link.key) == 9


def test_what_an_earlier_version_has_counted_is_added(owner: Owner) -> None:
    link = add_link(owner, "a", opening_clicks=5)
    make_job(owner, id=link.job_id)
    untouched = add_link(owner, "b")
    for clicked in (link, untouched):
        click(clicked, 3)
    with store.write() as db:
        db.execute(clicks.update().where(clicks.c.slug == "a", clicks.c.bot.is_(False)).values(count=10))
        db.execute(workspace_clicks.update().values(count=1))
        assert recount.recount(db) == 2
        assert recount.recount(db) == 0
        assert db.execute(workspace_clicks.select()).all() == [(owner.workspace_id, TODAY, 6)]
    assert [total(link.key), total(untouched.key)] == [15, 3]
