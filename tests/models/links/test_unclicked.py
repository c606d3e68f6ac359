"""Undo: only links of the job that nobody has clicked are removed, with their rows in other tables."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts, click_limits
from models.clicks.click_counts import ClickCount
from models.jobs import items
from models.links import tagging
from models.links.bulk import unclicked
from models.links.bulk.unclicked import Removal
from models.links.links import Link
from models.tables import items as item_rows
from models.tables import link_tags, links
from tests.models.links.new_links import GENERATION, JOB_ID, add_link, default_domain_id


def make_item(index: int, slug: str, status: str = "created") -> None:
    row = {"job_id": JOB_ID, "index": index, "line": index + 2, "status": status, "slug": slug}
    with store.write() as db:
        db.execute(item_rows.insert().values(row | {"generation": GENERATION}))


def add(owner: Owner, index: int, slug: str, **columns: Any) -> Link:
    make_item(index, slug)
    return add_link(owner, slug, **columns)


def click(link: Link, bot: bool = False) -> None:
    count = ClickCount(*link.key, datetime.now(UTC).date(), bot, "desktop", "", "", link.job_id, 1)
    with store.write() as db:
        click_counts.add(db, [count])


def remove(owner: Owner, first: int = 0, rows: int = 100) -> Removal:
    slugs = items.created_slugs(JOB_ID, first, rows)
    with store.write() as db:
        return unclicked.remove(db, default_domain_id(owner), JOB_ID, slugs)


def remaining() -> set[str]:
    with store.read() as db:
        return set(db.execute(select(links.c.slug)).scalars())


def test_clicked_links_stay_and_clicks_of_bots_do_not_count(owner: Owner) -> None:
    for index, slug in enumerate(("clicked", "visited-by-a-bot", "new")):
        link = add(owner, index, slug)
        if slug != "new":
            click(link, bot=slug == "visited-by-a-bot")
    assert remove(owner) == Removal(2, {"clicked"})
    assert remaining() == {"clicked"}


def test_a_link_with_a_click_limit_stays_once_it_was_used(owner: Owner) -> None:
    used = add(owner, 0, "used", max_clicks=3)
    add(owner, 1, "unused", max_clicks=3)
    with store.write() as db:
        click_limits.take(db, used.key, 3)
    assert remove(owner) == Removal(1, {"used"})


def test_only_the_rows_of_the_range_count(owner: Owner) -> None:
    for index, slug in enumerate("abcd"):
        add(owner, index, slug)
    assert remove(owner, 1, 2) == Removal(2, set())
    assert remaining() == {"a", "d"}


def test_links_that_the_job_only_met_stay(owner: Owner) -> None:
    make_item(0, "existing", "existing")
    add_link(owner, "existing")
    assert remove(owner) == Removal(0, set())
    assert remaining() == {"existing"}


def test_a_later_link_of_another_job_under_the_same_slug_stays(owner: Owner) -> None:
    add(owner, 0, "a", job_id=JOB_ID + 1, generation=GENERATION + 1)
    assert remove(owner) == Removal(0, set())
    assert remaining() == {"a"}


def test_the_tags_of_removed_links_go_and_others_stay(owner: Owner) -> None:
    clicked = add(owner, 0, "clicked")
    click(clicked)
    for link in (clicked, add(owner, 1, "new")):
        with store.write() as db:
            tagging.replace(db, owner.workspace_id, link.key, ["red"])
    remove(owner)
    with store.read() as db:
        assert list(db.execute(select(link_tags.c.slug)).scalars()) == ["clicked"]


def test_a_second_time_removes_nothing_and_names_the_same_links(owner: Owner) -> None:
    click(add(owner, 0, "clicked"))
    add(owner, 1, "new")
    assert remove(owner) == Removal(1, {"clicked"})
    assert remove(owner) == Removal(0, {"clicked"})
