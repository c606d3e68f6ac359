"""The title queue: hosts take turns, none gets too many requests, and a late title changes nothing."""

from urllib.parse import urlsplit

from sqlalchemy import update

from models import store
from models.accounts.keys import Owner
from models.links import links, title_queue
from models.links.links import Link
from models.links.title_queue import UntitledLink
from models.tables import untitled
from tests.models.links.new_links import JOB_ID, add_link


def add(owner: Owner, slug: str, host: str = "a.example") -> Link:
    link = add_link(owner, slug, url=f"https://{host}/{slug}")
    columns = {name: [value] for name, value in link.key._asdict().items()}
    with store.write() as db:
        title_queue.add(db, columns | {"job_id": JOB_ID, "url": [link.url], "host": [host]}, 1)
    return link


def claim(after_host: str = "") -> UntitledLink | None:
    with store.write() as db:
        return title_queue.claim(db, after_host)


def title_of(link: Link) -> str | None:
    with store.read() as db:
        current = links.get(db, link.domain_id, link.slug)
    assert current
    return current.title


def end_leases() -> None:
    with store.write() as db:
        db.execute(update(untitled).values(leased_until=1.0))


def test_a_claim_leases_a_link_and_counts_the_attempt(owner: Owner) -> None:
    link = add(owner, "a")
    claimed = claim()
    assert claimed
    assert (claimed.key, claimed.url, claimed.host, claimed.attempts) == (link.key, link.url, "a.example", 0)
    assert claim() is None
    end_leases()
    again = claim()
    assert again
    assert again.attempts == 1


def test_hosts_take_turns_and_start_again_after_the_last(owner: Owner) -> None:
    for slug, host in (("a", "a.example"), ("b", "a.example"), ("c", "b.example"), ("d", "c.example")):
        add(owner, slug, host)
    hosts = []
    after_host = ""
    for _ in range(4):
        claimed = claim(after_host)
        assert claimed
        after_host = claimed.host
        hosts.append(after_host)
    assert hosts == ["a.example", "b.example", "c.example", "a.example"]


def test_a_host_is_asked_for_two_titles_at_a_time(owner: Owner) -> None:
    for slug in "abc":
        add(owner, slug)
    assert [claim() is not None for _ in range(3)] == [True, True, False]
    with store.read() as db:
        assert title_queue.has_free(db)


def test_so_many_are_leased_at_a_time_and_no_more(owner: Owner) -> None:
    for number in range(title_queue.MOST_LEASED + 1):
        add(owner, f"s{number}", f"{number}.example")
    claims = [claim() for _ in range(title_queue.MOST_LEASED + 1)]
    assert [claimed is not None for claimed in claims] == [True] * title_queue.MOST_LEASED + [False]


def test_a_title_is_given_to_its_link(owner: Owner) -> None:
    link = add(owner, "a")
    claimed = claim()
    assert claimed
    with store.write() as db:
        title_queue.settle(db, claimed, "A title")
        assert not title_queue.has_job(db, JOB_ID)
        assert not title_queue.has_free(db)
    assert title_of(link) == "A title"


def test_a_title_that_the_link_has_by_now_stays(owner: Owner) -> None:
    link = add(owner, "a")
    claimed = claim()
    assert claimed
    with store.write() as db:
        links.change(db, link, {"title": "its own"})
        title_queue.settle(db, claimed, "A title")
    assert title_of(link) == "its own"


def test_a_page_without_title_leaves_the_link_without_one(owner: Owner) -> None:
    link = add(owner, "a")
    claimed = claim()
    assert claimed
    with store.write() as db:
        title_queue.settle(db, claimed, "")
        assert not title_queue.has_job(db, JOB_ID)
    assert title_of(link) is None


def test_a_link_that_leads_elsewhere_gets_the_title_from_there(owner: Owner) -> None:
    link = add(owner, "a")
    with store.write() as db:
        title_queue.change_url(db, link.key, "https://b.example/", urlsplit("https://b.example/").hostname or "")
    claimed = claim()
    assert claimed
    assert (claimed.url, claimed.host) == ("https://b.example/", "b.example")


def test_a_link_that_is_taken_off_is_not_fetched(owner: Owner) -> None:
    link = add(owner, "a")
    with store.write() as db:
        title_queue.remove(db, link.key._replace(generation=8))
        assert title_queue.has_job(db, JOB_ID)
        title_queue.remove(db, link.key)
        assert not title_queue.has_job(db, JOB_ID)
    assert claim() is None


def test_a_lease_of_a_clock_that_was_put_back_has_expired(owner: Owner) -> None:
    add(owner, "a")
    assert claim()
    with store.write() as db:
        db.execute(update(untitled).values(leased_until=store.dialect().clock() + 3600))
    assert claim()
