"""Groups and tags: names with small whole numbers of a workspace's own."""

from collections.abc import Iterable

from sqlalchemy import Connection, Table, func, select

from models import store
from models.store import Columns
from models.tables import groups, link_tags, tags


def group_ids(db: Connection, workspace_id: int) -> dict[str, int]:
    """Each group of a workspace, by its name and by its number."""
    rows = db.execute(select(groups.c.name, groups.c.id).where(groups.c.workspace_id == workspace_id)).all()
    return {str(row.id): row.id for row in rows} | {row.name: row.id for row in rows}


def tag_ids(db: Connection, workspace_id: int, names: Iterable[str]) -> dict[str, int]:
    """The numbers of some tags, made where they were not used before."""
    wanted = sorted(set(names))
    known = _numbers(db, tags, workspace_id, wanted)
    while missing := [name for name in wanted if name not in known]:  # again when somebody else took our numbers
        add(db, tags, workspace_id, missing)
        known = _numbers(db, tags, workspace_id, wanted)
    return known


def add(db: Connection, table: Table, workspace_id: int, names: list[str]) -> None:
    last = db.execute(select(func.max(table.c.id)).where(table.c.workspace_id == workspace_id)).scalar() or 0
    rows = [{"workspace_id": workspace_id, "id": last + place, "name": name} for place, name in enumerate(names, 1)]
    db.execute(store.dialect().insert(table).on_conflict_do_nothing(), rows)


def tie(db: Connection, columns: Columns, rows: int) -> None:
    """Ties tags to links, for the few rows that have any."""
    store.dialect().bulk_insert(db, link_tags, columns, rows)


def _numbers(db: Connection, table: Table, workspace_id: int, names: list[str]) -> dict[str, int]:
    found = store.dialect().present(db, table.c.name, names, table.c.workspace_id == workspace_id)
    query = select(table.c.name, table.c.id).where(table.c.workspace_id == workspace_id, table.c.name.in_(set(found)))
    return {row.name: row.id for row in db.execute(query)}
