"""Search through blocks: it finds what a plain loop over all links finds, whatever is written before and after."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select, update

from models import store
from models.accounts.keys import Owner
from models.links import links, listing, title_queue
from models.links.listing import LinkFilter, LinkView
from models.links.positions import LinkOrder
from models.links.search import blocks, unindexed
from models.tables import search_blocks, untitled
from models.tables import unindexed as unindexed_table
from tests.models.jobs.making import make_job
from tests.models.links.new_links import JOB_ID, add_link

NOW = datetime.now(UTC)
WORDS = ("shop", "blue", "Widget", "spring", "Äpfel", "100%", "news_7")
SOUGHT = (*WORDS, "SHOP", "e", "äpf", "xyzzy", "widgetspring", "g.example/1", "0%", ".example/2")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_LINKS", 4)
    monkeypatch.setattr(blocks, "STEP_LINKS", 9)


def build(owner: Owner) -> None:
    """Build until nothing is left to do."""
    for _ in range(100):
        with store.write() as db:
            if not blocks.step(db, owner.workspace_id):
                break
    with store.read() as db:
        assert unindexed.spans(db, owner.workspace_id) == []


def search(owner: Owner, text: str, limit: int = 1000) -> list[LinkView]:
    """Search page by page."""
    link_filter = LinkFilter(search=text)
    views: list[LinkView] = []
    while True:
        after = views[-1].list_position if views else None
        with store.read() as db:
            page = listing.page(db, owner.workspace_id, link_filter, after, limit)
        views += page
        if len(page) < limit:
            return views


def everything(owner: Owner) -> list[LinkView]:
    with store.read() as db:
        return listing.page(db, owner.workspace_id, LinkFilter(), None, 1000)


def in_a_loop(owner: Owner, text: str) -> list[str]:
    found = []
    for link in everything(owner):
        if any(text.lower() in (value or "").lower() for value in (link.slug, link.url, link.title)):
            found.append(link.slug)
    return found


class Steps:
    """Random writes of links, as the product does them one by one."""

    def __init__(self, owner: Owner, seed: int) -> None:
        self.owner = owner
        self.random = random.Random(seed)
        self.number = 0

    def take(self) -> None:
        step = self.random.choice((self.add, self.add, self.add_many, self.change, self.remove, self.build_some))
        step()

    def text(self) -> str:
        return "".join(self.random.choices(WORDS, k=2))

    def add(self) -> None:
        self.number += 1
        ages = (0, self.random.randint(0, 5), self.random.randint(0, 500))
        moment = NOW - timedelta(days=self.random.choice(ages))
        url = f"https://{self.random.choice(WORDS)}.example/{self.number}"
        add_link(self.owner, f"s{self.number}", moment, url=url, title=self.random.choice((None, self.text())))

    def add_many(self) -> None:
        """Some links of one moment, as an import has them."""
        moment = NOW - timedelta(days=self.random.randint(0, 20))
        for _ in range(self.random.randint(1, 12)):
            self.number += 1
            add_link(self.owner, f"s{self.number}", moment, title=self.text())

    def change(self) -> None:
        present = everything(self.owner)
        if not present:
            return
        link = self.random.choice(present)
        moment = NOW - timedelta(days=self.random.randint(0, 500))
        values: dict[str, Any] = {"title": self.text(), "url": f"https://{self.text()}/", "created_at": moment}
        name = self.random.choice(tuple(values))
        with store.write() as db:
            links.change(db, link, {name: values[name]})

    def remove(self) -> None:
        present = everything(self.owner)
        if present:
            with store.write() as db:
                links.remove(db, self.random.choice(present))

    def build_some(self) -> None:
        for _ in range(self.random.randint(1, 4)):
            with store.write() as db:
                blocks.step(db, self.owner.workspace_id)


@pytest.mark.slow
@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("seed", range(2))
def test_a_search_finds_what_a_loop_finds_at_every_moment(owner: Owner, seed: int) -> None:
    steps = Steps(owner, seed)
    for number in range(60):
        steps.take()
        if number % 6 == 5:
            check(owner, steps.random)
    build(owner)
    check(owner, steps.random)


def check(owner: Owner, choices: random.Random) -> None:
    for text in choices.sample(SOUGHT, 5):
        expected = in_a_loop(owner, text)
        assert [link.slug for link in search(owner, text, limit=choices.choice((2, 7, 1000)))] == expected, text
        with store.read() as db:
            link_filter = LinkFilter(search=text)
            keys = listing.keys_page(db, owner.workspace_id, link_filter, None, 1000)
            assert [key.slug for key, _ in keys] == expected
            oldest = listing.page(db, owner.workspace_id, link_filter, None, 1000, order=LinkOrder.OLDEST)
            assert [link.slug for link in oldest] == expected[::-1]
            by_clicks = listing.page(db, owner.workspace_id, link_filter, None, 1000, order=LinkOrder.CLICKS)
            assert [link.slug for link in by_clicks] == expected, "none has any clicks"
            assert listing.count(db, owner.workspace_id, link_filter) == len(expected)
            assert listing.count(db, owner.workspace_id, link_filter, 3) == min(len(expected), 3)


@pytest.mark.usefixtures("small_blocks")
def test_blocks_cover_every_link_once_and_grow_together(owner: Owner) -> None:
    for number in range(30):
        add_link(owner, f"s{number}", NOW - timedelta(hours=30 - number))
        build(owner)
    spans = block_spans(owner)
    assert sum(count for _, _, count in spans) == 30
    assert all(last < next_first for (_, last, _), (next_first, _, _) in pairwise(spans))
    assert 5 <= len(spans) <= 16


@pytest.mark.usefixtures("small_blocks")
def test_many_links_of_one_moment_are_one_block(owner: Owner) -> None:
    for number in range(20):
        add_link(owner, f"s{number}", NOW)
    build(owner)
    assert [count for _, _, count in block_spans(owner)] == [20]
    assert len(search(owner, "s1", limit=3)) == 11


@pytest.mark.usefixtures("small_blocks")
def test_a_search_reads_only_the_links_of_blocks_that_may_have_the_text(owner: Owner) -> None:
    for number in range(40):
        add_link(owner, f"s{number}", NOW - timedelta(hours=number), title="zebra" if number == 30 else None)
    build(owner)
    # The title vanishes behind the back of the index; the text is still where it was, and nowhere else.
    with store.write() as db:
        db.execute(update(search_blocks).where(search_blocks.c.first_at < NOW - timedelta(hours=29)).values(bits=b"\0"))
    assert search(owner, "zebra") == []
    assert len(search(owner, "s1")) > 0


def test_a_fetched_title_is_found(owner: Owner) -> None:
    link = add_link(owner, "a")
    with store.write() as db:
        key = {name: [value] for name, value in link.key._asdict().items()}
        title_queue.add(db, key | {"job_id": [JOB_ID], "url": [link.url], "host": ["a.example"]}, 1)
    build(owner)
    with store.write() as db:
        claimed = title_queue.claim(db, "")
        assert claimed
        title_queue.settle(db, claimed, "Zebra crossing")
    assert [view.slug for view in search(owner, "ZEBRA")] == ["a"]
    build(owner)
    assert [view.slug for view in search(owner, "ZEBRA")] == ["a"]
    with store.read() as db:
        assert db.execute(select(func.count()).select_from(untitled)).scalar_one() == 0


@pytest.mark.parametrize("owner", ["postgresql"], indirect=True)
def test_a_change_while_a_block_is_built_is_found(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    link = add_link(owner, "a")
    cut = blocks._cut

    def change_first(texts: Any) -> Iterator[Any]:
        with store.write() as db:
            links.change(db, link, {"title": "Zebra"})
        return cut(texts)

    monkeypatch.setattr(blocks, "_cut", change_first)
    with store.write() as db:
        blocks.step(db, owner.workspace_id)
    assert [view.slug for view in search(owner, "zebra")] == ["a"]
    monkeypatch.setattr(blocks, "_cut", cut)
    build(owner)
    assert [view.slug for view in search(owner, "zebra")] == ["a"]


def test_notes_are_due_when_no_job_is_in_progress_or_they_are_old(owner: Owner) -> None:
    assert due() is None
    add_link(owner, "a")
    assert due() == owner.workspace_id
    make_job(owner)
    assert due() is None
    with store.write() as db:
        old = unindexed_table.c.noted_at - unindexed.LONGEST_WAIT.total_seconds()
        db.execute(update(unindexed_table).values(noted_at=old))
    assert due() == owner.workspace_id
    build(owner)
    assert due() is None


def test_notes_that_begin_later_wait(owner: Owner) -> None:
    add_link(owner, "a")
    with store.write() as db:
        db.execute(update(unindexed_table).values(noted_at=unindexed_table.c.noted_at + 60))
    assert due() is None
    with store.write() as db:
        assert not blocks.step(db, owner.workspace_id)
    assert [link.slug for link in search(owner, "a")] == ["a"]


def due() -> int | None:
    with store.read() as db:
        return unindexed.due_workspace(db)


def block_spans(owner: Owner) -> list[Any]:
    query = select(search_blocks.c.first_at, search_blocks.c.last_at, search_blocks.c.links)
    query = query.where(search_blocks.c.workspace_id == owner.workspace_id).order_by(search_blocks.c.first_at)
    with store.read() as db:
        return list(db.execute(query).all())
