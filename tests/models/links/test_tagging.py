"""Tagging: which links have which tags."""

from models import store
from models.accounts.keys import Owner
from models.link_key import LinkKey
from models.links import labels, tagging

FIRST = LinkKey(1, "a", 7)
SECOND = LinkKey(1, "b", 7)


def tag(owner: Owner, key: LinkKey, *names: str) -> None:
    with store.write() as db:
        tagging.replace(db, owner.workspace_id, key, names)


def tags_of(*keys: LinkKey) -> dict[LinkKey, list[str]]:
    with store.read() as db:
        return tagging.of_links(db, keys)


def test_tags_of_links_are_listed_by_name(owner: Owner) -> None:
    tag(owner, FIRST, "red", "blue", "red")
    tag(owner, SECOND, "red")
    assert tags_of(FIRST, SECOND, LinkKey(1, "c", 7)) == {FIRST: ["blue", "red"], SECOND: ["red"]}
    assert tags_of() == {}


def test_new_tags_replace_those_that_were_there(owner: Owner) -> None:
    tag(owner, FIRST, "red", "blue")
    tag(owner, FIRST, "blue", "green")
    assert tags_of(FIRST) == {FIRST: ["blue", "green"]}
    tag(owner, FIRST)
    assert tags_of(FIRST) == {}


def test_a_tag_outlives_the_last_link_that_had_it(owner: Owner) -> None:
    tag(owner, FIRST, "red")
    tag(owner, FIRST)
    with store.read() as db:
        assert labels.find_id(db, labels.TAGS, owner.workspace_id, "red") == 1


def test_a_later_link_with_the_same_slug_has_tags_of_its_own(owner: Owner) -> None:
    later = FIRST._replace(generation=8)
    tag(owner, FIRST, "red")
    tag(owner, later, "blue")
    assert tags_of(FIRST) == {FIRST: ["red"], later: ["blue"]}
    with store.write() as db:
        tagging.remove(db, FIRST)
    assert tags_of(later) == {later: ["blue"]}


def test_many_links_are_tagged_in_one_write(owner: Owner) -> None:
    with store.write() as db:
        red = labels.ensure(db, labels.TAGS, owner.workspace_id, ["red"])["red"]
        columns = {"workspace_id": owner.workspace_id, "tag_id": red, "domain_id": 1, "generation": 7}
        tagging.write(db, columns | {"slug": ["a", "b"]}, 2)
    assert tags_of(FIRST, SECOND) == {FIRST: ["red"], SECOND: ["red"]}
