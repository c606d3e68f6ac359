"""Labels: groups and tags, which are names with small numbers of a workspace's own.

A link has one group at most and any number of tags; all else is the same for both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from models import store
from models.cursors import LinkPosition
from models.errors import DuplicateKey
from models.links import positions
from models.store import rows
from models.tables import groups, link_tags, links, tags

LARGEST_CHOSEN_ID = 1_000_000_000  # numbers beyond it remain for those that we choose
LONGEST_ID = 9  # digits
UNGROUP_BATCH = 20_000  # links that lose their group in one transaction


@dataclass(frozen=True, slots=True)
class LabelKind:
    """Groups or tags."""

    name: str
    table: Table

    @property
    def plural(self) -> str:
        return self.table.name


GROUPS = LabelKind("group", groups)
TAGS = LabelKind("tag", tags)


class Label(NamedTuple):
    """A group or a tag."""

    workspace_id: int
    id: int
    name: str


def create(db: Connection, kind: LabelKind, workspace_id: int, name: str, label_id: int | None) -> Label:
    """Create a label with this id or, when it is None, the next one. DuplicateKey says which is in use: name or id."""
    if ids_by_name(db, kind, workspace_id, [name]):
        raise DuplicateKey("name")
    if label_id is None:
        return _create_next(db, kind, workspace_id, name)
    label = _insert(db, kind, Label(workspace_id, label_id, name))
    if label is None:
        raise DuplicateKey("id" if get(db, kind, workspace_id, label_id) else "name")
    return label


def ensure(db: Connection, kind: LabelKind, workspace_id: int, names: Iterable[str]) -> dict[str, int]:
    """The ids of some labels by name. Creates those that do not exist yet."""
    all_names = sorted(set(names))
    while True:
        ids = ids_by_name(db, kind, workspace_id, all_names)
        new_names = [name for name in all_names if name not in ids]
        if not new_names:
            return ids
        # Two transactions that create labels in other orders would wait for each other, so one goes at a time.
        store.dialect().lock(db, f"{kind.plural} {workspace_id}")
        # Another transaction may have taken the ids that we choose: then nothing is inserted, and we choose again.
        next_id = _last_id(db, kind, workspace_id) + 1
        new_labels = [Label(workspace_id, label_id, name)._asdict() for label_id, name in enumerate(new_names, next_id)]
        db.execute(store.dialect().insert(kind.table).on_conflict_do_nothing(), new_labels)


def get(db: Connection, kind: LabelKind, workspace_id: int, label_id: int) -> Label | None:
    query = select(*rows.columns(kind.table, Label)).where(_is(kind, workspace_id, label_id))
    return rows.one_or_none(db, Label, query)


def page(db: Connection, kind: LabelKind, workspace_id: int, after: int, limit: int) -> list[Label]:
    table = kind.table
    query = select(*rows.columns(table, Label)).where(table.c.workspace_id == workspace_id, table.c.id > after)
    return rows.many(db, Label, query.order_by(table.c.id).limit(limit))


def find_id(db: Connection, kind: LabelKind, workspace_id: int, text: str) -> int | None:
    """The id of the label with this name or, when there is none, with this id."""
    label_id = ids_by_name(db, kind, workspace_id, [text]).get(text)
    if label_id is not None:
        return label_id
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID and get(db, kind, workspace_id, int(text)):
        return int(text)
    return None


def ids_by_name(db: Connection, kind: LabelKind, workspace_id: int, names: list[str]) -> dict[str, int]:
    """The ids of those of some names that exist."""
    table = kind.table
    in_workspace = table.c.workspace_id == workspace_id
    query = select(table.c.name, table.c.id).where(in_workspace, store.dialect().is_one_of(table.c.name, names))
    return {row.name: row.id for row in db.execute(query)}


def names_by_id(db: Connection, kind: LabelKind, workspace_id: int, ids: Iterable[int]) -> dict[int, str]:
    """The names of those of some ids that exist."""
    table = kind.table
    query = select(table.c.id, table.c.name)
    query = query.where(table.c.workspace_id == workspace_id, table.c.id.in_(set(ids)))
    return {row.id: row.name for row in db.execute(query)}


def group_ids(db: Connection, workspace_id: int) -> dict[str, int]:
    """Every group's id by its name and by its id as text. A name wins over an id that reads the same."""
    query = select(groups.c.name, groups.c.id).where(groups.c.workspace_id == workspace_id)
    all_groups = db.execute(query).all()
    ids = {str(row.id): row.id for row in all_groups}
    for row in all_groups:
        ids[row.name] = row.id
    return ids


def rename(db: Connection, kind: LabelKind, label: Label, name: str) -> None:
    """Rename a label; raise DuplicateKey when another one has the name."""
    this = _is(kind, label.workspace_id, label.id)
    try:
        db.execute(update(kind.table).where(this).values(name=name))
    except IntegrityError as error:
        raise DuplicateKey(str(error)) from error


def detach(db: Connection, kind: LabelKind, label: Label, after: LinkPosition | None = None) -> LinkPosition | None:
    """Take a label off the next links behind a position.

    Returns the last one's position, or None when no link is left: a group may have a million links, so callers
    commit after each step and other writers get their turn.
    """
    if kind is GROUPS:
        return _ungroup(db, label, after)
    tagged = and_(link_tags.c.workspace_id == label.workspace_id, link_tags.c.tag_id == label.id)
    db.execute(delete(link_tags).where(tagged))
    return None


def remove(db: Connection, kind: LabelKind, label: Label) -> None:
    """Delete a label, and take it off the links that got it since `detach`."""
    while detach(db, kind, label):
        pass
    db.execute(delete(kind.table).where(_is(kind, label.workspace_id, label.id)))


def _is(kind: LabelKind, workspace_id: int, label_id: int) -> ColumnElement[bool]:
    return and_(kind.table.c.workspace_id == workspace_id, kind.table.c.id == label_id)


def _create_next(db: Connection, kind: LabelKind, workspace_id: int, name: str) -> Label:
    while True:
        label = _insert(db, kind, Label(workspace_id, _last_id(db, kind, workspace_id) + 1, name))
        if label is not None:
            return label
        # Another transaction took either the name or only the id; with another id we can try again.
        if ids_by_name(db, kind, workspace_id, [name]):
            raise DuplicateKey("name")


def _insert(db: Connection, kind: LabelKind, label: Label) -> Label | None:
    insert = store.dialect().insert(kind.table).values(label._asdict()).on_conflict_do_nothing()
    return rows.one_or_none(db, Label, insert.returning(*rows.columns(kind.table, Label)))


def _last_id(db: Connection, kind: LabelKind, workspace_id: int) -> int:
    query = select(func.max(kind.table.c.id)).where(kind.table.c.workspace_id == workspace_id)
    return db.execute(query).scalar() or 0


def _ungroup(db: Connection, group: Label, after: LinkPosition | None) -> LinkPosition | None:
    in_group = [links.c.workspace_id == group.workspace_id, links.c.group_id == group.id]
    if after:
        in_group.append(tuple_(*positions.COLUMNS) > positions.literal_of(after))
    query = select(*positions.COLUMNS).where(*in_group).order_by(*positions.COLUMNS).limit(UNGROUP_BATCH)
    batch = rows.many(db, LinkPosition, query)
    if not batch:
        return None
    last = batch[-1]
    up_to_last = tuple_(*positions.COLUMNS) <= positions.literal_of(last)
    db.execute(update(links).where(*in_group, up_to_last).values(group_id=None))
    return last
