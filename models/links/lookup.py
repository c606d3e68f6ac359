"""Lookup: where a slug leads, the one query of every redirect."""

from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Engine, bindparam, select

from models import process_caches, store
from models.link_key import LinkKey
from models.store import CompiledQuery, rows
from models.tables import links

UNCONDITIONAL = (None, None, None)  # max_clicks, password_hash and disabled_at


class Target(NamedTuple):
    """A link as a redirect needs it. The conditions on its visitors come last, to be compared as one slice."""

    domain_id: int
    slug: str
    generation: int
    job_id: int
    url: str
    title: str | None
    expires_at: datetime | None
    max_clicks: int | None
    password_hash: str | None
    disabled_at: datetime | None

    @property
    def is_unconditional(self) -> bool:
        """Whether anybody may follow it until it expires."""
        return self[-3:] == UNCONDITIONAL

    @property
    def key(self) -> LinkKey:
        return LinkKey(self.domain_id, self.slug, self.generation)


def find(domain_id: int, slug: str) -> Target | None:
    row = store.direct_reader().first(question(store.engine()), {"domain": domain_id, "slug": slug})
    return Target(*row) if row else None


@process_caches.function
@cache
def question(engine: Engine) -> CompiledQuery:
    """Compiled once an engine: SQLAlchemy takes longer for this query than the database."""
    this = (links.c.domain_id == bindparam("domain"), links.c.slug == bindparam("slug"))
    return CompiledQuery(engine, select(*rows.columns(links, Target)).where(*this))
