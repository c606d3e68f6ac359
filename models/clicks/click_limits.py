"""Click limits: uses of links with `max_clicks`, counted one by one before a visitor is redirected."""

from sqlalchemy import Connection, select

from models import store
from models.link_key import LinkKey, rows_of
from models.tables import uses


def take(db: Connection, key: LinkKey, limit: int) -> bool:
    """Take one of a link's uses; return False when none remains. One guarded statement, so no two take the last."""
    first_use = store.dialect().insert(uses).values(key._asdict() | {"used": 1})
    upsert = first_use.on_conflict_do_update(
        index_elements=list(uses.primary_key.columns),
        set_={"used": uses.c.used + 1},
        where=uses.c.used < limit,
    )
    return db.execute(upsert.returning(uses.c.used)).first() is not None


def count(db: Connection, key: LinkKey) -> int:
    """How many uses of a link were taken."""
    return db.execute(select(uses.c.used).where(rows_of(uses, key))).scalar_one_or_none() or 0
