"""Tags of many links at once."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, select

from models import store
from models.link_key import LinkKey, columns_of
from models.links import labels
from models.links.bulk import side_tables
from models.tables import link_tags, tags


def of_links(db: Connection, keys: Sequence[LinkKey]) -> dict[LinkKey, list[str]]:
    """The names of the tags of each of these links that has any, sorted."""
    names: dict[LinkKey, list[str]] = {}
    same_tag = and_(tags.c.workspace_id == link_tags.c.workspace_id, tags.c.id == link_tags.c.tag_id)
    query = select(*columns_of(link_tags), tags.c.name).join(tags, same_tag)
    for domain_id, slugs in side_tables.slugs_by_domain(keys).items():
        has_slug = store.dialect().is_one_of(link_tags.c.slug, slugs)
        for *key, name in db.execute(query.where(link_tags.c.domain_id == domain_id, has_slug)):
            names.setdefault(LinkKey(*key), []).append(name)
    return {key: sorted(some) for key, some in names.items()}


def change(
    db: Connection, workspace_id: int, added: Mapping[LinkKey, set[str]], removed: Mapping[LinkKey, set[str]]
) -> None:
    """Put tags that exist on links, and take others off."""
    all_names = sorted(set().union(*added.values(), *removed.values()))
    ids = labels.ids_by_name(db, labels.TAGS, workspace_id, all_names)
    store.dialect().bulk_delete(db, link_tags, _columns(workspace_id, removed, ids))
    rows = _columns(workspace_id, added, ids)
    if rows["slug"]:
        store.dialect().bulk_insert(db, link_tags, rows, len(rows["slug"]))


def _columns(workspace_id: int, names: Mapping[LinkKey, set[str]], ids: Mapping[str, int]) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {column.name: [] for column in link_tags.c}
    for key, some in names.items():
        for tag_id in sorted(ids[name] for name in some if name in ids):
            row = key._asdict() | {"workspace_id": workspace_id, "tag_id": tag_id}
            for name, value in row.items():
                columns[name].append(value)
    return columns
