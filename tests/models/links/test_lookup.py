"""The lookup of every redirect: one link by domain and slug, as it is now."""

from datetime import UTC, datetime

from models import store
from models.accounts.keys import Owner
from models.links import links, lookup
from tests.models.links.new_links import GENERATION, add_link


def test_a_slug_leads_to_its_link_with_all_that_a_redirect_needs(owner: Owner) -> None:
    expires_at = datetime(2030, 1, 1, tzinfo=UTC)
    link = add_link(owner, "a", expires_at=expires_at, max_clicks=3, password_hash="hash", title="A title")
    target = lookup.find(link.domain_id, "a")
    assert target
    assert target.key == link.key == (link.domain_id, "a", GENERATION)
    assert (target.url, target.title, target.job_id) == (link.url, "A title", link.job_id)
    assert (target.expires_at, target.max_clicks, target.password_hash) == (expires_at, 3, "hash")


def test_case_and_domain_count(owner: Owner) -> None:
    link = add_link(owner, "a")
    assert lookup.find(link.domain_id, "A") is None
    assert lookup.find(link.domain_id + 1, "a") is None


def test_the_conditions_of_a_link_are_the_last_fields(owner: Owner) -> None:
    """The redirect compares them as one slice."""
    assert lookup.Target._fields[-3:] == ("max_clicks", "password_hash", "disabled_at")


def test_a_change_shows_at_once(owner: Owner) -> None:
    link = add_link(owner, "a")
    assert lookup.find(link.domain_id, "a")
    with store.write() as db:
        links.change(db, link, {"url": "https://new.example/"})
    changed = lookup.find(link.domain_id, "a")
    assert changed
    assert changed.url == "https://new.example/"
    with store.write() as db:
        links.remove(db, link)
    assert lookup.find(link.domain_id, "a") is None


def test_several_links_are_looked_up_at_once(owner: Owner) -> None:
    first = add_link(owner, "a")
    second = add_link(owner, "b")
    add_link(owner, "c")
    domain_id = first.domain_id
    targets = lookup.joint_reads().read({(domain_id, "a"), (domain_id, "b"), (domain_id, "none")})
    assert {name: target.key for name, target in targets.items()} == {
        (domain_id, "a"): first.key,
        (domain_id, "b"): second.key,
    }


def test_the_query_is_compiled_once_for_an_engine(owner: Owner) -> None:
    assert lookup.question(store.engine()) is lookup.question(store.engine())
