"""The backfill: every link from before a workspace's first reuse is indexed once, in batches."""

from datetime import UTC, datetime, timedelta

import pytest

from models import store
from models.accounts.keys import Owner
from models.links import url_backfill, url_index
from tests.models.links.new_links import add_link, default_domain_id
from tests.owners import new_owner

NOW = datetime.now(UTC).replace(microsecond=0)


def is_complete(owner: Owner) -> bool:
    with store.read() as db:
        return url_backfill.is_complete(db, owner.workspace_id)


def start(owner: Owner) -> None:
    with store.write() as db:
        url_backfill.start(db, owner.workspace_id)


def step(owner: Owner, batch_size: int = 100) -> bool:
    with store.write() as db:
        return url_backfill.step(db, owner.workspace_id, batch_size)


def indexed(owner: Owner, slugs: str) -> str:
    """Those of some slugs under whose URL a link is found."""
    url_hashes = url_index.hashes(f"https://{slug}.example/" for slug in slugs)
    with store.read() as db:
        found = url_index.find(db, owner.workspace_id, default_domain_id(owner), url_hashes)
    assert all(link.rank > url_index.PRIMARY for link in found)
    return "".join(sorted(link.slug for link in found))


def test_a_workspace_without_links_is_complete_after_one_step(owner: Owner) -> None:
    assert not is_complete(owner)
    start(owner)
    assert not is_complete(owner)
    assert not step(owner)
    assert is_complete(owner)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_batches_meet_without_a_gap_also_within_one_moment(owner: Owner, size: int) -> None:
    for slug in "abcde":
        add_link(owner, slug, created_at=NOW - timedelta(seconds=slug == "c"))
    start(owner)
    steps = 1
    while step(owner, size):
        steps += 1
    assert steps == 5 // size + 1
    assert indexed(owner, "abcde") == "abcde"
    assert is_complete(owner)
    assert not step(owner), "a worker that comes later finds nothing to do"


def test_another_worker_goes_on_where_one_ended(owner: Owner) -> None:
    for slug in "abc":
        add_link(owner, slug, created_at=NOW)
    start(owner)
    assert step(owner, 2)
    assert indexed(owner, "abc") == "ab"
    start(owner)  # the next worker finds it begun and does not begin again
    assert not step(owner, 2)
    assert indexed(owner, "abc") == "abc"


def test_links_with_a_password_or_limit_and_those_of_others_are_left_out(owner: Owner) -> None:
    other = new_owner("other")
    add_link(owner, "a", password_hash="hash")
    add_link(owner, "b", max_clicks=1)
    add_link(owner, "c")
    add_link(other, "d")
    start(owner)
    assert not step(owner)
    assert indexed(owner, "abcd") == "c"
    assert not is_complete(other)
