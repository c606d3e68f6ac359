"""The list of a workspace's links: what is in it, in which order, and what each filter leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import store
from models.accounts.keys import Owner
from models.clicks import click_counts, click_limits
from models.clicks.click_counts import ClickCount
from models.cursors import ItemPosition
from models.link_key import LinkKey
from models.links import click_lists, labels, listing, tagging
from models.links.job_links import JobLinks
from models.links.listing import LinkFilter, LinkStatus, LinkView
from models.links.positions import LinkOrder
from models.tables import items
from tests.models.jobs.making import make_job
from tests.models.links.new_links import GENERATION, JOB_ID, add_link, default_domain_id
from tests.owners import new_owner

NOW = datetime.now(UTC).replace(microsecond=0)


def page(owner: Owner, limit: int = 100, after: LinkView | None = None, **conditions: Any) -> list[LinkView]:
    link_filter = LinkFilter(**conditions)
    with store.read() as db:
        return listing.page(db, owner.workspace_id, link_filter, after.list_position if after else None, limit)


def slugs(owner: Owner, **conditions: Any) -> str:
    return "".join(link.slug for link in page(owner, **conditions))


def test_the_newest_comes_first_and_of_one_moment_the_last_slug(owner: Owner) -> None:
    for slug, age in (("a", 2), ("b", 1), ("c", 1), ("d", 0)):
        add_link(owner, slug, created_at=NOW - timedelta(hours=age))
    assert slugs(owner) == "dcba"


def test_pages_meet_without_a_gap_also_within_one_moment(owner: Owner) -> None:
    for slug in "abcde":
        add_link(owner, slug, created_at=NOW)
    first = page(owner, limit=2)
    second = page(owner, limit=2, after=first[-1])
    third = page(owner, limit=2, after=second[-1])
    assert [link.slug for link in first + second + third] == list("edcba")


def test_other_workspaces_links_are_not_in_it(owner: Owner) -> None:
    other = new_owner("other")
    add_link(owner, "a")
    add_link(other, "b")
    assert (slugs(owner), slugs(other)) == ("a", "b")


def test_a_link_has_its_domain_and_group(owner: Owner) -> None:
    with store.write() as db:
        group = labels.create(db, labels.GROUPS, owner.workspace_id, "spring", None)
    add_link(owner, "a", group_id=group.id)
    add_link(owner, "b")
    second, first = page(owner)
    assert (first.group_name, second.group_name) == ("spring", None)
    assert (first.hostname, first.is_default) == ("localhost:8000", True)


def test_a_link_has_the_status_that_a_visitor_meets(owner: Owner) -> None:
    add_link(owner, "active", expires_at=NOW + timedelta(hours=1), max_clicks=2)
    add_link(owner, "expired", expires_at=NOW - timedelta(hours=1))
    add_link(owner, "disabled", disabled_at=NOW, expires_at=NOW - timedelta(hours=1))
    used_up = add_link(owner, "used_up", max_clicks=1)
    with store.write() as db:
        click_limits.take(db, used_up.key, 1)
    assert {link.slug: link.status for link in page(owner)} == {status: status for status in LinkStatus}
    for status in LinkStatus:
        assert [link.slug for link in page(owner, status=status)] == [status]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("BLUE", "b"), ("widget", "ba"), ("ttl", "a"), ("100%", "c"), ("_", "c"), ("ÄPFEL", "d"), ("nowhere", "")],
)
def test_a_search_finds_a_part_of_url_slug_or_title_in_any_case(owner: Owner, text: str, expected: str) -> None:
    add_link(owner, "a", url="https://shop.example/Widget", title="A title, ttl", created_at=NOW - timedelta(4))
    add_link(owner, "b", url="https://shop.example/blue-widget", created_at=NOW - timedelta(3))
    add_link(owner, "c", url="https://shop.example/x", title="100% _ off", created_at=NOW - timedelta(2))
    add_link(owner, "d", url="https://shop.example/y", title="Äpfel", created_at=NOW - timedelta(1))
    assert slugs(owner, search=text) == expected


def test_a_group_is_named_by_name_or_id(owner: Owner) -> None:
    with store.write() as db:
        group = labels.create(db, labels.GROUPS, owner.workspace_id, "spring", 12)
    add_link(owner, "a", group_id=group.id)
    add_link(owner, "b")
    assert slugs(owner, group="spring") == slugs(owner, group="12") == "a"
    assert slugs(owner, group="autumn") == slugs(owner, group="13") == ""


def test_a_tag_is_one_of_several_of_a_link(owner: Owner) -> None:
    first = add_link(owner, "a")
    second = add_link(owner, "b")
    with store.write() as db:
        tagging.replace(db, owner.workspace_id, first.key, ["red", "blue"])
        tagging.replace(db, owner.workspace_id, second.key, ["red"])
    assert slugs(owner, tag="blue") == "a"
    assert slugs(owner, tag="red") == "ba"
    assert slugs(owner, tag="green") == ""


def test_links_of_a_job_are_those_that_its_items_name(owner: Owner) -> None:
    first = add_link(owner, "a")
    add_link(owner, "b", job_id=99)
    add_link(owner, "c", generation=GENERATION + 1)
    with store.write() as db:
        item = {"job_id": JOB_ID, "line": 1, "status": "created", "generation": GENERATION}
        db.execute(items.insert(), [item | {"index": index, "slug": slug} for index, slug in enumerate("abc")])
        db.execute(items.insert(), [{"job_id": JOB_ID, "line": 1, "status": "failed", "index": 3}])
    assert slugs(owner, job=JobLinks(JOB_ID, first.domain_id)) == "ab"
    assert slugs(owner, job=JobLinks(JOB_ID, 1)) == ""


def test_links_of_a_job_are_in_the_order_of_its_items_each_once(owner: Owner) -> None:
    first = add_link(owner, "a", job_id=99)
    add_link(owner, "b")
    named = (("b", "created"), ("a", "existing"), ("b", "existing"), ("a", "updated"), ("c", "failed"))
    rows = [
        {"job_id": JOB_ID, "line": 1, "index": index, "slug": slug, "status": status, "generation": GENERATION}
        for index, (slug, status) in enumerate(named)
    ]
    with store.write() as db:
        db.execute(items.insert(), rows)
    job = JobLinks(JOB_ID, first.domain_id)
    assert slugs(owner, job=job) == "ba"
    page_one = page(owner, limit=1, job=job)
    assert [link.slug for link in page(owner, limit=1, after=page_one[0], job=job)] == ["a"]
    with store.read() as db:
        assert listing.count(db, owner.workspace_id, LinkFilter(job=job)) == 2
        keys = listing.keys_page(db, owner.workspace_id, LinkFilter(job=job), ItemPosition(0), 10)
    assert [key.slug for key, _ in keys] == ["a"]


def test_conditions_hold_together(owner: Owner) -> None:
    add_link(owner, "a", title="x")
    add_link(owner, "b", title="x", disabled_at=NOW)
    assert slugs(owner, search="x", status=LinkStatus.ACTIVE) == "a"


def test_one_link_is_found_by_key_or_by_its_slug_of_today(owner: Owner) -> None:
    other = new_owner("other")
    link = add_link(owner, "a")
    with store.read() as db:
        found = listing.find(db, owner.workspace_id, link.key)
        assert found
        assert found.key == link.key
        assert listing.find_by_slug(db, owner.workspace_id, link.domain_id, "a") == found
        assert listing.find(db, owner.workspace_id, LinkKey(link.domain_id, "a", GENERATION + 1)) is None
        assert listing.find(db, other.workspace_id, link.key) is None
        assert listing.find_by_slug(db, other.workspace_id, link.domain_id, "a") is None


def test_a_domain_and_a_time_narrow_the_list_and_the_count(owner: Owner) -> None:
    link = add_link(owner, "a", created_at=NOW - timedelta(hours=2))
    add_link(owner, "b", created_at=NOW)
    middle = NOW - timedelta(hours=1)
    for conditions, expected in (
        ({}, "ba"),
        ({"domain_id": link.domain_id}, "ba"),
        ({"domain_id": link.domain_id + 1}, ""),
        ({"created_before": middle}, "a"),
        ({"created_after": middle}, "b"),
    ):
        assert slugs(owner, **conditions) == expected
        assert count(owner, **conditions) == len(expected)


def test_some_of_several_tags_are_enough_and_one_may_be_unwanted(owner: Owner) -> None:
    for age, (slug, names) in enumerate({"a": ["red"], "b": ["blue", "old"], "c": []}.items()):
        link = add_link(owner, slug, created_at=NOW - timedelta(hours=age))
        with store.write() as db:
            tagging.replace(db, owner.workspace_id, link.key, names)
    assert slugs(owner, any_tags=["red", "blue", "none"]) == "ab"
    assert slugs(owner, any_tags=["none"]) == ""
    assert slugs(owner, without_tag="old") == "ac"
    assert slugs(owner, without_tag="none") == "abc"


def test_a_count_of_links_with_a_status_looks_at_their_clicks(owner: Owner) -> None:
    used_up = add_link(owner, "a", max_clicks=1)
    add_link(owner, "b")
    with store.write() as db:
        click_limits.take(db, used_up.key, 1)
    assert [count(owner, status=status) for status in LinkStatus] == [1, 0, 1, 0]


def test_a_page_may_begin_at_a_number(owner: Owner) -> None:
    for age, slug in enumerate("abc"):
        add_link(owner, slug, created_at=NOW - timedelta(hours=age))
    with store.read() as db:
        links = listing.page(db, owner.workspace_id, LinkFilter(), None, 2, offset=1)
    assert [link.slug for link in links] == ["b", "c"]


def count(owner: Owner, **conditions: Any) -> int:
    with store.read() as db:
        return listing.count(db, owner.workspace_id, LinkFilter(**conditions))


@pytest.fixture(params=["sorted", "by index"])
def _click_list(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists by clicks as they are read when few links match, and when many do."""
    if request.param == "by index":
        monkeypatch.setattr(click_lists, "SHORT_LIST", 0)


def order_of(owner: Owner, order: LinkOrder, limit: int = 2, **conditions: Any) -> str:
    """Read the pages of a list one after the other; return its slugs."""
    found: list[str] = []
    after = None
    while True:
        with store.read() as db:
            if order == LinkOrder.CLICKS:
                page = click_lists.page(db, owner.workspace_id, LinkFilter(**conditions), after, limit)
            else:
                page = listing.page(db, owner.workspace_id, LinkFilter(**conditions), after, limit, order=order)
        found += [link.slug for link in page]
        if len(page) < limit:
            return "".join(found)
        after = page[-1].list_position


def click(owner: Owner, job_id: int, **times: int) -> None:
    domain_id = default_domain_id(owner)
    rows = []
    for slug, count in times.items():
        rows.append(ClickCount(domain_id, slug, GENERATION, NOW.date(), False, "", "", "", job_id, count))
    bot = rows[0]._replace(bot=True, times=50)
    with store.write() as db:
        click_counts.add(db, [*rows, bot])


def test_the_oldest_come_first_on_request(owner: Owner) -> None:
    for slug, age in (("a", 0), ("b", 1), ("c", 1), ("d", 2), ("e", 3)):
        add_link(owner, slug, created_at=NOW - timedelta(hours=age))
    assert order_of(owner, LinkOrder.OLDEST) == "edbca"


@pytest.mark.usefixtures("_click_list")
def test_the_most_clicked_come_first_and_behind_them_the_newest(owner: Owner) -> None:
    job = make_job(owner)
    openings = {"c": 4, "d": 9, "e": 0}
    for age, slug in enumerate("abcdefg"):
        created_at = NOW - timedelta(hours=age)
        add_link(owner, slug, created_at=created_at, job_id=job.id, opening_clicks=openings.get(slug))
    add_link(new_owner("other"), "z", opening_clicks=100)
    click(owner, job.id, a=1, b=5, c=1, deleted=8)
    for limit in (1, 2, 3, 7, 8):
        assert order_of(owner, LinkOrder.CLICKS, limit) == "dcbaefg"
    assert order_of(owner, LinkOrder.CLICKS, search="https://") == "dcbaefg"
    assert order_of(owner, LinkOrder.CLICKS, clicks="some") == "dcba"
    assert order_of(owner, LinkOrder.CLICKS, search="c.example") == "c"


@pytest.mark.usefixtures("_click_list")
def test_links_of_a_job_that_was_deleted_are_sorted_too(owner: Owner) -> None:
    for slug in "ab":
        add_link(owner, slug, created_at=NOW)
    click(owner, JOB_ID, a=1)
    assert order_of(owner, LinkOrder.CLICKS) == "ab"


@pytest.mark.usefixtures("_click_list")
def test_the_links_of_a_job_are_sorted_by_clicks_too(owner: Owner) -> None:
    job = make_job(owner)
    for index, slug in enumerate("abcd"):
        link = add_link(owner, slug, created_at=NOW, job_id=job.id)
        row = {"job_id": job.id, "index": index, "line": index, "status": "created", "slug": slug}
        with store.write() as db:
            db.execute(items.insert().values(row | {"generation": link.generation}))
    add_link(owner, "e")
    click(owner, job.id, b=1, c=3, e=9)
    assert order_of(owner, LinkOrder.CLICKS, job=JobLinks(job.id, default_domain_id(owner))) == "cbad"
