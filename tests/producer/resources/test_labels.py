"""Groups and tags: one set of rules for both kinds."""

import pytest

from models.accounts.keys import Owner
from models.errors import Conflict, NotFound
from models.links.labels import GROUPS, TAGS, LabelKind
from producer.resources import labels

kinds = pytest.mark.parametrize("kind", [GROUPS, TAGS], ids=["groups", "tags"])


@kinds
def test_a_label_has_the_chosen_number_or_the_next_one(owner: Owner, kind: LabelKind) -> None:
    assert labels.create_label(owner, kind, "first") == {"id": 1, "name": "first"}
    assert labels.create_label(owner, kind, "chosen", 7) == {"id": 7, "name": "chosen"}
    assert labels.create_label(owner, kind, "next") == {"id": 8, "name": "next"}


@kinds
@pytest.mark.parametrize(("name", "number", "field"), [("used", None, "name"), ("other", 7, "id")])
def test_a_name_or_number_in_use_is_a_conflict_that_points_at_it(
    owner: Owner, kind: LabelKind, name: str, number: int | None, field: str
) -> None:
    labels.create_label(owner, kind, "used", 7)
    with pytest.raises(Conflict) as conflict:
        labels.create_label(owner, kind, name, number)
    assert conflict.value.errors[0]["pointer"] == f"/{field}"


@kinds
def test_renaming_keeps_the_number_and_without_a_name_changes_nothing(owner: Owner, kind: LabelKind) -> None:
    labels.create_label(owner, kind, "old", 3)
    assert labels.rename_label(owner, kind, "3", "new") == {"id": 3, "name": "new"}
    assert labels.rename_label(owner, kind, "3", None) == {"id": 3, "name": "new"}


@kinds
def test_a_name_in_use_cannot_be_given_to_another_label(owner: Owner, kind: LabelKind) -> None:
    labels.create_label(owner, kind, "one", 1)
    labels.create_label(owner, kind, "two", 2)
    with pytest.raises(Conflict, match="This name is already in use"):
        labels.rename_label(owner, kind, "2", "one")


@kinds
@pytest.mark.parametrize("label_id", ["2", "0", "x", "99999999999"])
def test_an_unknown_label_is_not_found(owner: Owner, kind: LabelKind, label_id: str) -> None:
    with pytest.raises(NotFound, match=f"no such {kind.name}"):
        labels.show_label(owner, kind, label_id)


@kinds
def test_a_removed_label_is_gone(owner: Owner, kind: LabelKind) -> None:
    labels.create_label(owner, kind, "old", 3)
    labels.remove_label(owner, kind, "3")
    assert labels.list_labels(owner, kind, "0", 10).items == []
