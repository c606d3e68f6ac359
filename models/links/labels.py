"""Groups and tags: names with small whole numbers of a workspace's own."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from models import store
from models.errors import Taken
from models.link_key import Key, among
from models.store import Columns
from models.tables import groups, link_tags, tags

LARGEST_ID = 1_000_000_000  # that somebody may choose: the numbers beyond are left for those that we give

GROUPS, TAGS = groups, tags

Kind = Table
Label = Row[*tuple[Any, ...]]


def group_ids(db: Connection, workspace_id: int) -> dict[str, int]:
    """Each group of a workspace, by its name and by its number."""
    rows = db.execute(select(groups.c.name, groups.c.id).where(groups.c.workspace_id == workspace_id)).all()
    return {str(row.id): row.id for row in rows} | {row.name: row.id for row in rows}


def tag_ids(db: Connection, workspace_id: int, names: Iterable[str]) -> dict[str, int]:
    """The numbers of some tags, made where they were not used before."""
    wanted = sorted(set(names))
    known = numbers(db, tags, workspace_id, wanted)
    while missing := [name for name in wanted if name not in known]:  # again when somebody else took our numbers
        add(db, tags, workspace_id, missing)
        known = numbers(db, tags, workspace_id, wanted)
    return known


def add(db: Connection, table: Kind, workspace_id: int, names: list[str]) -> None:
    last = _last(db, table, workspace_id)
    rows = [{"workspace_id": workspace_id, "id": last + place, "name": name} for place, name in enumerate(names, 1)]
    db.execute(store.dialect().insert(table).on_conflict_do_nothing(), rows)


def make(db: Connection, table: Kind, workspace_id: int, name: str, number: int | None) -> Label:
    """A new one, under a number of the caller's choice or the next; errors.Taken names what is taken: name or id."""
    if numbers(db, table, workspace_id, [name]):
        raise Taken("name")
    if number is None:
        return _make_next(db, table, workspace_id, name)
    made = _insert(db, table, workspace_id, name, number)
    if made is None:
        raise Taken("id" if get(db, table, workspace_id, number) else "name")
    return made


def _make_next(db: Connection, table: Kind, workspace_id: int, name: str) -> Label:
    """Again when somebody else took our number."""
    made = None
    while made is None:
        made = _insert(db, table, workspace_id, name, _last(db, table, workspace_id) + 1)
        if made is None and numbers(db, table, workspace_id, [name]):
            raise Taken("name")
    return made


def _insert(db: Connection, table: Kind, workspace_id: int, name: str, number: int) -> Label | None:
    row = {"workspace_id": workspace_id, "id": number, "name": name}
    insert = store.dialect().insert(table).values(row).on_conflict_do_nothing()
    return db.execute(insert.returning(table)).one_or_none()


def _last(db: Connection, table: Kind, workspace_id: int) -> int:
    return db.execute(select(func.max(table.c.id)).where(table.c.workspace_id == workspace_id)).scalar() or 0


def page(db: Connection, table: Kind, workspace_id: int, after: int, limit: int) -> list[Label]:
    query = select(table).where(table.c.workspace_id == workspace_id, table.c.id > after)
    return list(db.execute(query.order_by(table.c.id).limit(limit)))


def get(db: Connection, table: Kind, workspace_id: int, number: int) -> Label | None:
    return db.execute(select(table).where(table.c.workspace_id == workspace_id, table.c.id == number)).one_or_none()


def named(db: Connection, table: Kind, workspace_id: int, text: str) -> int | None:
    """The number of the one of this name, or else of this number."""
    found = numbers(db, table, workspace_id, [text]).get(text)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return found or (number if get(db, table, workspace_id, number) else None)


def rename(db: Connection, table: Kind, workspace_id: int, number: int, name: str) -> None:
    this = (table.c.workspace_id == workspace_id, table.c.id == number)
    try:
        db.execute(update(table).where(*this).values(name=name))
    except IntegrityError as error:
        raise Taken(str(error)) from error


def remove(db: Connection, table: Kind, workspace_id: int, number: int) -> None:
    db.execute(delete(table).where(table.c.workspace_id == workspace_id, table.c.id == number))


def untag(db: Connection, workspace_id: int, number: int) -> None:
    """Takes a tag off every link."""
    db.execute(delete(link_tags).where(link_tags.c.workspace_id == workspace_id, link_tags.c.tag_id == number))


def tie(db: Connection, columns: Columns, rows: int) -> None:
    """Ties tags to links, for the few rows that have any."""
    store.dialect().bulk_insert(db, link_tags, columns, rows)


def retie(db: Connection, workspace_id: int, key: Key, names: Collection[str]) -> None:
    """Gives a link these tags in place of those that it has."""
    untie(db, *key)
    domain_id, slug, generation = key
    same = {"workspace_id": workspace_id, "domain_id": domain_id, "slug": slug, "generation": generation}
    ids = tag_ids(db, workspace_id, names)
    if ids:
        rows = [same | {"tag_id": number} for number in sorted(ids.values())]
        db.execute(store.dialect().insert(link_tags).on_conflict_do_nothing(), rows)


def untie(db: Connection, domain_id: int, slug: str, generation: int) -> None:
    """Takes all tags off a link."""
    this = (link_tags.c.domain_id == domain_id, link_tags.c.slug == slug, link_tags.c.generation == generation)
    db.execute(delete(link_tags).where(*this))


def of_links(db: Connection, keys: Collection[Key]) -> dict[Key, list[str]]:
    """The tags of each of these links that has any."""
    found: dict[Key, list[str]] = {}
    key = (link_tags.c.domain_id, link_tags.c.slug, link_tags.c.generation)
    same = (tags.c.workspace_id == link_tags.c.workspace_id) & (tags.c.id == link_tags.c.tag_id)
    query = select(*key, tags.c.name).join(tags, same).where(among(link_tags, keys)).order_by(tags.c.name)
    for domain_id, slug, generation, name in db.execute(query) if keys else ():
        found.setdefault((domain_id, slug, generation), []).append(name)
    return found


def numbers(db: Connection, table: Kind, workspace_id: int, names: list[str]) -> dict[str, int]:
    """The numbers of those of some names that there are."""
    found = store.dialect().present(db, table.c.name, names, table.c.workspace_id == workspace_id)
    query = select(table.c.name, table.c.id).where(table.c.workspace_id == workspace_id, table.c.name.in_(set(found)))
    return {row.name: row.id for row in db.execute(query)}


def names(db: Connection, table: Kind, workspace_id: int, numbers: Iterable[int]) -> dict[int, str]:
    """The names of those of some numbers that there are."""
    mine = (table.c.workspace_id == workspace_id, table.c.id.in_(set(numbers)))
    return {row.id: row.name for row in db.execute(select(table.c.id, table.c.name).where(*mine))}
