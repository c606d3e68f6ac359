"""Groups and tags: numbered names of a workspace, which links lose when they are removed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from models import store
from models.accounts.keys import Owner
from models.errors import DuplicateKey
from models.links import labels, links, tagging
from models.links.labels import GROUPS, TAGS, Label, LabelKind
from tests.models.links.new_links import add_link
from tests.owners import new_owner

KINDS = pytest.mark.parametrize("kind", [GROUPS, TAGS], ids=["groups", "tags"])


def create(owner: Owner, kind: LabelKind, name: str, label_id: int | None = None) -> Label:
    with store.write() as db:
        return labels.create(db, kind, owner.workspace_id, name, label_id)


@KINDS
def test_an_id_is_chosen_or_the_next(owner: Owner, kind: LabelKind) -> None:
    ids = [create(owner, kind, name, label_id).id for name, label_id in (("a", None), ("b", 7), ("c", None), ("d", 2))]
    assert ids == [1, 7, 8, 2]


@KINDS
def test_a_conflict_says_whether_name_or_id_is_in_use(owner: Owner, kind: LabelKind) -> None:
    create(owner, kind, "a", 1)
    for name, label_id, reason in (("a", None, "name"), ("a", 9, "name"), ("b", 1, "id")):
        with pytest.raises(DuplicateKey, match=reason):
            create(owner, kind, name, label_id)


@KINDS
def test_workspaces_have_names_and_ids_of_their_own(owner: Owner, kind: LabelKind) -> None:
    other = new_owner("other")
    assert create(owner, kind, "a") == Label(owner.workspace_id, 1, "a")
    assert create(other, kind, "a") == Label(other.workspace_id, 1, "a")
    with store.read() as db:
        assert labels.page(db, kind, other.workspace_id, 0, 10) == [Label(other.workspace_id, 1, "a")]


@KINDS
def test_pages_go_by_id(owner: Owner, kind: LabelKind) -> None:
    for name, label_id in (("a", 5), ("b", 1), ("c", 3)):
        create(owner, kind, name, label_id)
    with store.read() as db:
        assert [label.name for label in labels.page(db, kind, owner.workspace_id, 0, 2)] == ["b", "c"]
        assert [label.name for label in labels.page(db, kind, owner.workspace_id, 3, 2)] == ["a"]


@KINDS
def test_a_text_is_a_name_before_it_is_an_id(owner: Owner, kind: LabelKind) -> None:
    create(owner, kind, "2", 1)
    create(owner, kind, "b", 2)
    create(owner, kind, "c", 3)
    with store.read() as db:
        expected = {"2": 1, "b": 2, "3": 3, "4": None, "": None, "x": None, "9" * 30: None, "٣": None}
        assert {text: labels.find_id(db, kind, owner.workspace_id, text) for text in expected} == expected


def test_groups_are_known_by_name_and_by_id_and_a_name_wins(owner: Owner) -> None:
    create(owner, GROUPS, "2", 1)
    create(owner, GROUPS, "b", 2)
    with store.read() as db:
        assert labels.group_ids(db, owner.workspace_id) == {"1": 1, "2": 1, "b": 2}


@KINDS
def test_names_and_ids_translate_as_far_as_they_exist(owner: Owner, kind: LabelKind) -> None:
    create(owner, kind, "a", 4)
    with store.read() as db:
        assert labels.ids_by_name(db, kind, owner.workspace_id, ["a", "b"]) == {"a": 4}
        assert labels.names_by_id(db, kind, owner.workspace_id, [4, 5]) == {4: "a"}


@KINDS
def test_a_new_name_must_be_free(owner: Owner, kind: LabelKind) -> None:
    label = create(owner, kind, "a")
    create(owner, kind, "b")
    with store.write() as db:
        labels.rename(db, kind, label, "c")
        assert labels.get(db, kind, owner.workspace_id, label.id) == label._replace(name="c")
    with pytest.raises(DuplicateKey), store.write() as db:
        labels.rename(db, kind, label, "b")


def test_tags_are_created_when_they_are_first_used(owner: Owner) -> None:
    create(owner, TAGS, "old", 7)
    with store.write() as db:
        ids = labels.ensure(db, labels.TAGS, owner.workspace_id, ["new", "old", "newer", "new"])
        assert ids == {"old": 7, "new": 8, "newer": 9}
        assert labels.ensure(db, labels.TAGS, owner.workspace_id, ["new"]) == {"new": 8}
        assert labels.ensure(db, labels.TAGS, owner.workspace_id, []) == {}


@KINDS
def test_many_that_create_labels_at_once_agree_on_their_ids(owner: Owner, kind: LabelKind) -> None:
    def ensure(number: int) -> dict[str, int]:
        names = [f"t{number}", "shared", f"t{number + 1}"]
        with store.write() as db:
            return labels.ensure(db, kind, owner.workspace_id, names)

    ids: dict[str, int] = {}
    with ThreadPoolExecutor(6) as pool:
        for result in pool.map(ensure, range(30)):
            assert ids | result == result | ids, "one name never has two ids"
            ids |= result
    assert len(ids) == len(set(ids.values())) == 32


def test_a_removed_group_leaves_its_links_without_one(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "UNGROUP_BATCH", 2)
    group = create(owner, GROUPS, "a")
    other = create(owner, GROUPS, "b")
    inside = [add_link(owner, slug, group_id=group.id) for slug in "abcde"]
    outside = add_link(owner, "f", group_id=other.id)
    steps = 0
    last = None
    while True:
        with store.write() as db:
            last = labels.detach(db, GROUPS, group, last)
        if last is None:
            break
        steps += 1
    assert steps == 3
    with store.write() as db:
        labels.remove(db, GROUPS, group)
        assert labels.get(db, GROUPS, owner.workspace_id, group.id) is None
        group_ids = [getattr(links.get(db, link.domain_id, link.slug), "group_id", 0) for link in [*inside, outside]]
    assert group_ids == [None] * 5 + [other.id]


@KINDS
def test_links_that_got_a_label_since_lose_it_with_its_removal(owner: Owner, kind: LabelKind) -> None:
    label = create(owner, kind, "a")
    link = add_link(owner, "a", group_id=label.id)
    with store.write() as db:
        tagging.replace(db, owner.workspace_id, link.key, ["a"])
        labels.remove(db, kind, label)
    with store.read() as db:
        found = links.get(db, link.domain_id, "a")
        assert found
        assert found.group_id == (None if kind is GROUPS else label.id)
        assert tagging.of_links(db, [link.key]) == ({link.key: ["a"]} if kind is GROUPS else {})
