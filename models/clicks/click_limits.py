"""Uses of links that have only so many: counted one by one, in the database, before anybody is let through."""

from sqlalchemy import Connection, select

from models import store
from models.tables import uses


def take(db: Connection, domain_id: int, slug: str, generation: int, most: int) -> bool:
    """Takes one of the `most` uses of a link; False when none is left. One guarded statement, whatever the load."""
    row = {"domain_id": domain_id, "slug": slug, "generation": generation, "used": 1}
    upsert = store.dialect().insert(uses).values(row)
    more = upsert.on_conflict_do_update(
        index_elements=list(uses.primary_key.columns), set_={"used": uses.c.used + 1}, where=uses.c.used < most
    )
    return db.execute(more.returning(uses.c.used)).first() is not None


def used(db: Connection, domain_id: int, slug: str, generation: int) -> int:
    this = (uses.c.domain_id == domain_id, uses.c.slug == slug, uses.c.generation == generation)
    return db.execute(select(uses.c.used).where(*this)).scalar_one_or_none() or 0
