"""Tagging: which links have which tags."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select

from models import store
from models.link_key import LinkKey, columns_of, rows_of, rows_of_slugs
from models.links import labels
from models.store import Columns
from models.tables import link_tags, links, tags


def write(db: Connection, columns: Columns, count: int) -> None:
    """Insert the tags of new links, one row for each tag of a link."""
    store.dialect().bulk_insert(db, link_tags, columns, count)


def replace(db: Connection, workspace_id: int, key: LinkKey, names: Collection[str]) -> None:
    """Give a link these tags in place of those that it has."""
    remove(db, key)
    tag_ids = labels.ensure(db, labels.TAGS, workspace_id, names)
    if tag_ids:
        link = key._asdict() | {"workspace_id": workspace_id}
        rows = [link | {"tag_id": tag_id} for tag_id in sorted(tag_ids.values())]
        db.execute(store.dialect().insert(link_tags).on_conflict_do_nothing(), rows)


def remove(db: Connection, key: LinkKey) -> None:
    """Take all tags off a link."""
    db.execute(delete(link_tags).where(rows_of(link_tags, key)))


def of_links(db: Connection, keys: Collection[LinkKey]) -> dict[LinkKey, list[str]]:
    """The names of the tags of each of these links that has any."""
    names: dict[LinkKey, list[str]] = {}
    if not keys:
        return names
    same_tag = and_(tags.c.workspace_id == link_tags.c.workspace_id, tags.c.id == link_tags.c.tag_id)
    query = select(*columns_of(link_tags), tags.c.name).join(tags, same_tag)
    query = query.where(rows_of_slugs(link_tags, keys)).order_by(tags.c.name)
    for *key, name in db.execute(query):
        names.setdefault(LinkKey(*key), []).append(name)
    return names


def has_tag(workspace_id: int, tag_id: int) -> ColumnElement[bool]:
    """Match links that have a tag."""
    tagged = (link_tags.c.workspace_id == workspace_id, link_tags.c.tag_id == tag_id)
    return exists().where(*tagged, rows_of(link_tags, columns_of(links)))
