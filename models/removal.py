"""Removes a workspace with every row of it: in steps, since others want to write meanwhile.

A request that was authenticated before may write afterwards. So the revoked keys stay for some time: they name the
workspaces that are gone, whose late rows are removed as well.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    true,
    tuple_,
    update,
)

from models import store
from models.link_key import LinkKey, columns_of
from models.links.bulk import side_tables
from models.states import ACTIVE_STATUSES
from models.tables import (
    clicks,
    deleted_links,
    deliveries,
    delivery_attempts,
    domains,
    endpoints,
    groups,
    idempotency_keys,
    items,
    job_clicks,
    job_errors,
    jobs,
    keys,
    link_clicks,
    link_tags,
    links,
    quotas,
    search_blocks,
    shards,
    slug_counters,
    tags,
    unindexed,
    untitled,
    urls,
    uses,
    workspace_clicks,
    workspaces,
)

ROWS_A_STEP = 2000
OF_WORKSPACE = (
    urls, link_tags, link_clicks, workspace_clicks, search_blocks, unindexed, deliveries, shards, tags, groups,
    idempotency_keys, quotas, endpoints,
)  # fmt: skip
OF_JOBS = (items, job_errors, untitled, clicks, job_clicks)
OF_DOMAINS = (clicks, uses, slug_counters)
LAST = (jobs, domains)
"""The tables that others are removed by."""
COUNTED = MappingProxyType(
    {
        "links": links,
        "groups": groups,
        "tags": tags,
        "jobs": jobs,
        "keys": keys,
        "domains": domains,
        "webhook endpoints": endpoints,
        "webhook calls": deliveries,
    }
)


def counts(db: Connection, workspace_id: int) -> Mapping[str, int]:
    """Count what a removal removes, in the words of the documentation."""
    numbers = {name: _count(db, table, table.c.workspace_id == workspace_id) for name, table in COUNTED.items()}
    numbers["items"] = _count(db, items, items.c.job_id.in_(_job_ids(workspace_id)))
    numbers["uploads"] = len(uploads(db, workspace_id))
    numbers["clicks"] = _count_clicks(db, workspace_id)
    return numbers


def has_active_job(db: Connection, workspace_id: int) -> bool:
    active = and_(jobs.c.workspace_id == workspace_id, jobs.c.status.in_(ACTIVE_STATUSES))
    return db.execute(select(jobs.c.id).where(active).limit(1)).first() is not None


def revoke_keys(db: Connection, workspace_id: int) -> None:
    """Make every key of a workspace invalid from the next request on."""
    valid = and_(keys.c.workspace_id == workspace_id, keys.c.revoked_at.is_(None))
    db.execute(update(keys).where(valid).values(revoked_at=func.now()))


def uploads(db: Connection, workspace_id: int) -> list[str]:
    """Return the names of the uploads that are stored for a workspace."""
    stored = and_(jobs.c.workspace_id == workspace_id, jobs.c.upload != "")
    return list(db.execute(select(jobs.c.upload).where(stored).distinct()).scalars())


def step(db: Connection, workspace_id: int) -> bool:
    """Remove some rows. Return False when nothing is left."""
    if _remove_links(db, workspace_id) or _remove_deleted_links(db, workspace_id):
        return True
    return any(_delete_some(db, table, condition) for table, condition in _conditions(workspace_id))


def find_late_rows(db: Connection) -> int | None:
    """Return the id of a workspace that is gone and has rows nevertheless."""
    for workspace_id in db.execute(_gone_workspaces()).scalars().all():
        tables = (links, deleted_links, *OF_WORKSPACE, *LAST)
        late = [exists().where(table.c.workspace_id == workspace_id) for table in tables]
        if db.execute(select(or_(*late))).scalar_one():
            return workspace_id
    return None


def has_old_keys(db: Connection, before: datetime) -> bool:
    """Whether the keys of a workspace that is gone were all revoked before a moment."""
    return db.execute(_gone_workspaces(before).limit(1)).first() is not None


def remove_old_keys(db: Connection, before: datetime) -> None:
    """Remove these keys: no request of their owners can be underway any more."""
    db.execute(delete(keys).where(keys.c.workspace_id.in_(_gone_workspaces(before))))


def _gone_workspaces(revoked_before: datetime | None = None) -> Select[int]:
    is_gone = ~exists().where(workspaces.c.id == keys.c.workspace_id)
    query = select(keys.c.workspace_id).where(is_gone).group_by(keys.c.workspace_id)
    if revoked_before is not None:
        query = query.having(func.max(keys.c.revoked_at) < revoked_before)
    return query


def _remove_links(db: Connection, workspace_id: int) -> bool:
    query = select(*columns_of(links)).where(links.c.workspace_id == workspace_id).limit(ROWS_A_STEP)
    link_keys = [LinkKey(*row) for row in db.execute(query)]
    side_tables.remove_from_queues(db, link_keys)
    side_tables.remove_descriptions(db, link_keys)
    side_tables.remove(db, links, link_keys)
    return bool(link_keys)


def _remove_deleted_links(db: Connection, workspace_id: int) -> bool:
    own = deleted_links.c.workspace_id == workspace_id
    columns = (*deleted_links.primary_key.columns, *columns_of(deleted_links))
    rows = db.execute(select(*columns).where(own).limit(ROWS_A_STEP)).all()
    if not rows:
        return False
    link_keys = [LinkKey(row.domain_id, row.slug, row.generation) for row in rows]
    # Another link may have the key of a deleted one.
    used_keys = side_tables.rows_of_keys(db, links, link_keys, true())
    side_tables.remove_descriptions(db, [key for key in link_keys if key not in used_keys])
    places = {"deleted_by": [row.deleted_by for row in rows], "item_index": [row.item_index for row in rows]}
    store.dialect().bulk_delete(db, deleted_links, places)
    return True


def _conditions(workspace_id: int) -> list[tuple[Table, ColumnElement[bool]]]:
    """The other tables and their rows of a workspace, in the order in which they are removed."""
    of_deliveries = select(deliveries.c.id).where(deliveries.c.workspace_id == workspace_id)
    of_domains = select(domains.c.id).where(domains.c.workspace_id == workspace_id)
    return [
        (delivery_attempts, delivery_attempts.c.delivery_id.in_(of_deliveries)),
        *((table, table.c.job_id.in_(_job_ids(workspace_id))) for table in OF_JOBS),
        *((table, table.c.domain_id.in_(of_domains)) for table in OF_DOMAINS),
        *((table, table.c.workspace_id == workspace_id) for table in (*OF_WORKSPACE, *LAST)),
        (workspaces, workspaces.c.id == workspace_id),
    ]


def _job_ids(workspace_id: int) -> Select[tuple[int]]:
    return select(jobs.c.id).where(jobs.c.workspace_id == workspace_id)


def _delete_some(db: Connection, table: Table, condition: ColumnElement[bool]) -> bool:
    key = table.primary_key.columns
    some = select(*key).where(condition).limit(ROWS_A_STEP).correlate(None)
    return bool(db.execute(delete(table).where(tuple_(*key).in_(some))).rowcount)


def _count(db: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    return int(db.execute(select(func.count()).select_from(table).where(condition)).scalar_one())


def _count_clicks(db: Connection, workspace_id: int) -> int:
    of_workspace = workspace_clicks.c.workspace_id == workspace_id
    return int(db.execute(select(func.sum(workspace_clicks.c.count)).where(of_workspace)).scalar_one() or 0)
