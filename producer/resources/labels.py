"""Groups and tags. Both are labels: a name with a number of the workspace's own."""

from typing import Any

from models import store
from models.accounts.keys import Owner
from models.errors import DuplicateKey, NotFound
from models.ids import parse_id
from models.links import labels
from models.links.labels import Label, LabelKind
from models.store import Connection
from producer.documents.account_documents import label_document
from producer.resources import pages
from producer.resources.pages import Page
from producer.rules import item_errors

LARGEST_NUMBER = 2**31 - 1  # of an integer column


def create_label(owner: Owner, kind: LabelKind, name: str, number: int | None = None) -> dict[str, Any]:
    """Create a group or a tag, under a number of the caller's choice or the next free one."""
    try:
        with store.write() as db:
            return label_document(labels.create(db, kind, owner.workspace_id, name, number))
    except DuplicateKey as error:
        field = str(error)
        raise item_errors.conflict(field, "CONFLICT", f"This {field} is already in use.") from None


def list_labels(owner: Owner, kind: LabelKind, cursor: str, limit: int) -> Page:
    with store.read() as db:
        rows = labels.page(db, kind, owner.workspace_id, _parse_number(cursor), limit + 1)
    return pages.cut(rows, limit, label_document)


def show_label(owner: Owner, kind: LabelKind, label_id: str) -> dict[str, Any]:
    with store.read() as db:
        return label_document(_find(db, owner, kind, label_id))


def rename_label(owner: Owner, kind: LabelKind, label_id: str, name: str | None) -> dict[str, Any]:
    """Give a label another name; None keeps the one that it has."""
    try:
        with store.write() as db:
            label = _find(db, owner, kind, label_id)
            labels.rename(db, kind, label, label.name if name is None else name)
            return label_document(_find(db, owner, kind, label_id))
    except DuplicateKey:
        raise item_errors.conflict("name", "CONFLICT", "This name is already in use.") from None


def remove_label(owner: Owner, kind: LabelKind, label_id: str) -> None:
    """Delete a label. Its links stay, without it."""
    with store.read() as db:
        label = _find(db, owner, kind, label_id)
    _detach(kind, label)
    with store.write() as db:
        labels.remove(db, kind, label)


def _detach(kind: LabelKind, label: Label) -> None:
    """Take a label off all links, in many small transactions: a million in one would block all other writers."""
    position = None
    while True:
        with store.write() as db:
            position = labels.detach(db, kind, label, position)
        if position is None:
            return


def _find(db: Connection, owner: Owner, kind: LabelKind, label_id: str) -> Label:
    label = labels.get(db, kind, owner.workspace_id, _parse_number(label_id))
    if label is None:
        raise NotFound(f"There is no such {kind.name}.")
    return label


def _parse_number(text: str) -> int:
    """Read a number that fits its column; a text that is not a number becomes one that no label has."""
    return min(parse_id(text), LARGEST_NUMBER)
